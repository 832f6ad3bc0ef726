/**
 * Which part may import which. `ORDER` reads from the ground up: a part may import itself and what its row names.
 */
const ANYWHERE = ['diag', 'arith', 'types', 'tables', 'bytes', 'graph']
const ORDER = {
  diag: ['diag'],
  arith: ['arith'],
  graph: ['graph'],
  types: ['types', 'diag'],
  bytes: ['bytes', 'diag'],
  tables: ['tables', 'arith', 'types'],
  bpf: [...ANYWHERE, 'bpf'],
  forms: [...ANYWHERE, 'forms'],
  lisp: [...ANYWHERE, 'btf', 'bytes', 'forms', 'lisp', 'host', 'options'],
  typed: [...ANYWHERE, 'forms', 'typed'],
  ssa: [...ANYWHERE, 'forms', 'typed', 'ssa'],
  opt: [...ANYWHERE, 'forms', 'ssa', 'opt', 'options'],
  object: [...ANYWHERE, 'typed', 'forms', 'bpf', 'btf', 'elf', 'object'],
  btf: [...ANYWHERE, 'forms', 'bpf', 'btf', 'object'],
  elf: [...ANYWHERE, 'elf'],
  backend: [...ANYWHERE, 'forms', 'ssa', 'bpf', 'object', 'backend', 'options'],
  vm: [...ANYWHERE, 'bpf', 'object', 'btf', 'elf', 'vm', 'wasm', 'runtime'],
  wasm: [...ANYWHERE, 'bpf', 'object', 'vm', 'wasm'],
  runtime: [...ANYWHERE, 'bpf', 'object', 'btf', 'elf', 'runtime'],
  packets: ['diag', 'runtime', 'packets'],
  dsl: [...ANYWHERE, 'runtime', 'dsl'],
  'emit-headers': [...ANYWHERE, 'forms', 'runtime', 'emit-headers'],
  'emit-module': [...ANYWHERE, 'forms', 'object', 'runtime', 'dsl', 'emit-module'],
}

const src = '^packages/core/src'

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...Object.entries(ORDER).map(([part, allowed]) => ({
      name: `direction-${part}`,
      comment: `${part} may import only: ${allowed.join(', ')}`,
      severity: 'error',
      from: { path: `${src}/${part}/` },
      to: { path: `${src}/`, pathNot: `${src}/(${allowed.join('|')})(/|\\.ts$)` },
    })),
    { name: 'core-is-pure', severity: 'error', from: { path: src }, to: { dependencyTypes: ['core'] } },
    { name: 'core-has-no-dependencies', severity: 'error', from: { path: src }, to: { path: 'node_modules' } },
    {
      name: 'no-deep-imports',
      comment: 'packages meet at their public entries',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src' },
      to: {
        path: '^packages/([^/]+)/',
        pathNot: ['^packages/$1/', '^packages/core/src/(index|entry/[a-z]+)\\.ts$', '^packages/loader/src/index\\.ts$'],
      },
    },
    {
      name: 'native-only-in-sys',
      severity: 'error',
      from: { path: '^packages/loader/src', pathNot: '^packages/loader/src/sys/' },
      to: { path: '\\.node$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(/dist/|\\.config\\.ts$|/native/|/prebuilt/)' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['@unplugin-bpf/source', 'import', 'types'] },
  },
}
