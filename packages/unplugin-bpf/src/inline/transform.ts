/**
 * A module with programs inside, as the bundler goes on with it: every program is replaced by its compiled form, and
 * declarations that only programs used (maps, kernel functions) are gone.
 */
import { type Diagnostic, emitModuleExpression, RUNTIME_PREFIX, sourceFile } from '@unplugin-bpf/core'
import MagicString, { type SourceMap } from 'magic-string'
import { displayName } from '../compile-file.ts'
import type { SourceOptions } from '../compile-source.ts'
import type { AnyNode } from '../evaluate/nodes.ts'
import { parseSource } from '../evaluate/parse.ts'
import { isApi } from '../evaluate/resolve.ts'
import { type CompiledInline, compileInline } from './compile.ts'
import { findInline, type InlineModule, inlineModule } from './find.ts'
import { declarationsOf } from './slice.ts'

export interface InlineResult {
  readonly code: string
  readonly map: SourceMap
  readonly warnings: readonly Diagnostic[]
  /** Absolute paths and names of the files that the programs were made of. */
  readonly files: readonly string[]
}

/** A look at the text, so that modules without programs are not parsed. */
export function mayHaveInline(code: string): boolean {
  return /unplugin-bpf(\/core)?\/dsl['"]/.test(code) && /\bobject\b|\blisp\b/.test(code)
}

/** Undefined: there is no program in the module. `path` is absolute. @throws CompileError */
export async function transformInline(
  code: string,
  path: string,
  options: SourceOptions,
): Promise<InlineResult | undefined> {
  const file = sourceFile(displayName(path), code)
  const module = inlineModule(path, file, parseSource(file))
  const programs = findInline(module)
  if (programs.length === 0) return undefined
  const results: CompiledInline[] = []
  for (const program of programs) results.push(await compileInline(module, program, options))

  const out = new MagicString(code)
  const imports = new Set<string>()
  for (const [i, { node }] of programs.entries()) {
    const { compiled, exported } = results[i]!
    const { text, runtime } = emitModuleExpression(compiled, exported)
    for (const name of runtime) imports.add(name)
    out.update(node.start, node.end, text)
  }
  const unused = unusedStatements(
    module,
    programs.map(({ node }) => node),
    results,
  )
  for (const { start, end } of unused) out.remove(start, end)
  trimImports(module, [...programs.map(({ node }) => node), ...unused], out)
  const names = [...imports].map((name) => `${name} as ${RUNTIME_PREFIX}${name}`)
  // Imports are hoisted from wherever they stand; at the end they move no line.
  out.append(`\nimport { ${names.join(', ')} } from 'unplugin-bpf/runtime'\n`)
  return {
    code: out.toString(),
    map: out.generateMap({ source: path, hires: 'boundary', includeContent: true }),
    warnings: results.flatMap(({ compiled }) => compiled.warnings),
    files: [...new Set(results.flatMap(({ compiled }) => compiled.module.files.map(({ name }) => name)))],
  }
}

/** Statements that declare only what programs took along and nothing else of the module mentions. */
function unusedStatements(
  module: InlineModule,
  programs: readonly AnyNode[],
  results: readonly CompiledInline[],
): AnyNode[] {
  const taken = new Set(results.flatMap(({ declarations }) => [...declarations].map(({ statement }) => statement)))
  const all = declarationsOf(module.source.program)
  const namesOf = (statement: AnyNode) => all.filter((d) => d.statement === statement).flatMap((d) => d.names)
  let gone = [...taken].filter(({ type }) => /^(Variable|Function|Class|TSEnum)Declaration$/.test(type))
  for (;;) {
    const isUsed = usedOutside(module, [...programs, ...gone])
    const left = gone.filter((s) => !namesOf(s).some(isUsed))
    if (left.length === gone.length) return left
    gone = left
  }
}

function usedOutside({ source, analysis }: InlineModule, hidden: readonly AnyNode[]): (name: string) => boolean {
  const used = new Set(
    analysis.references
      .filter((r) => r.boundIn === source.program && !hidden.some((h) => r.start >= h.start && r.end <= h.end))
      .map(({ name }) => name),
  )
  return (name) => used.has(name)
}

/** Of the authoring API the module imports what it still uses: most of it has no meaning at run time. */
function trimImports(module: InlineModule, hidden: readonly AnyNode[], out: MagicString): void {
  const isUsed = usedOutside(module, hidden)
  for (const { node, kind } of declarationsOf(module.source.program)) {
    if (kind !== 'import' || node.importKind === 'type' || !isApi(String(node.source?.value))) continue
    const specifiers = node.specifiers ?? []
    const kept = specifiers.filter((s) => s.importKind === 'type' || isUsed(s.local?.name ?? ''))
    if (kept.length === specifiers.length) continue
    if (kept.length === 0) out.remove(node.start, node.end)
    else {
      const text = kept.map(({ start, end }) => module.file.text.slice(start, end)).join(', ')
      out.update(node.start, node.source!.start, `import { ${text} } from `)
    }
  }
}
