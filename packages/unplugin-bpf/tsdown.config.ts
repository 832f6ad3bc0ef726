import { defineConfig } from 'tsdown'

const plugins = ['vite', 'rollup', 'rolldown', 'esbuild', 'webpack', 'rspack']
/** `unplugin-bpf/testing/NAME`. */
const testing = ['vitest', 'fast-check', 'coverage-v8', 'coverage-istanbul']

const common = {
  platform: 'node',
  target: 'node20.19',
  fixedExtension: true,
} as const

export default defineConfig([
  {
    ...common,
    entry: {
      index: 'src/index.ts',
      runtime: 'src/runtime.ts',
      'runtime-browser': 'src/runtime-browser.ts',
      packets: 'src/packets.ts',
      dsl: 'src/dsl.ts',
      testing: 'src/testing/index.ts',
      ...Object.fromEntries(testing.map((name) => [`testing-${name}`, `src/testing/${name}.ts`])),
      ...Object.fromEntries(plugins.map((name) => [name, `src/${name}.ts`])),
    },
    format: 'esm',
    dts: true,
    // Their types are named in ours; the user's own version is meant.
    deps: { neverBundle: [/^(vite|rollup|rolldown|esbuild|webpack|@rspack\/core|unplugin)($|\/)/] },
  },
  {
    // The command line starts often and ends soon: everything that a compilation needs in few small files, which
    // bin/load-cached.mjs keeps in compiled form (only possible for CommonJS).
    ...common,
    entry: { main: 'src/cli/main.ts' },
    format: 'cjs',
    checks: { legacyCjs: false },
    outDir: 'dist/cli',
    dts: false,
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
    inputOptions: { resolve: { conditionNames: ['@unplugin-bpf/source', 'import', 'node', 'default'] } },
    deps: { alwaysBundle: [/^(@unplugin-bpf\/core|commander|picocolors)($|\/)/] },
  },
])
