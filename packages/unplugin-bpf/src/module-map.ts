/**
 * Source map of a generated module: the lines of a codec lead to the declaration of its schema, all others to the
 * default export, so that stack traces and debuggers show the program's file.
 */
import { addMapping, GenMapping, toEncodedMap } from '@jridgewell/gen-mapping'
import { lineColumn, type SourceFile } from '@unplugin-bpf/core'

/** Version 3, with everything that webpack insists on. */
export interface ModuleMap {
  readonly version: 3
  readonly sources: string[]
  readonly sourcesContent: (string | null)[]
  readonly names: string[]
  readonly mappings: string
}

/** `code`: what `emitSource` made of `file`, whose absolute path is `source`. */
export function moduleMap(code: string, file: SourceFile, source: string): ModuleMap {
  const map = new GenMapping()
  const program = placeOf(file, /^export default\b/m) ?? { line: 1, column: 1 }
  const names = exportedNames(code)
  let original = program
  for (const [i, text] of code.split('\n').entries()) {
    const local = /^(?:export )?const ([\w$]+)/.exec(text)?.[1]
    // A declaration of several lines keeps its place until the next one begins.
    if (local !== undefined) original = declarationOf(file, names.get(local) ?? local) ?? program
    else if (/^export\b/.test(text)) original = program
    if (text === '') continue
    const { line, column } = original
    addMapping(map, { generated: { line: i + 1, column: 0 }, source, original: { line, column: column - 1 } })
  }
  const { mappings } = toEncodedMap(map)
  return { version: 3, sources: [source], sourcesContent: [file.text], names: [], mappings }
}

/** `export { $S0 as Flow }`: what the source calls `$S0`. */
function exportedNames(code: string): ReadonlyMap<string, string> {
  const list = /^export \{ (.*) \}$/m.exec(code)?.[1] ?? ''
  return new Map([...list.matchAll(/([\w$]+) as ([\w$]+)/g)].map(([, local, name]) => [local!, name!]))
}

function declarationOf(file: SourceFile, name: string) {
  return placeOf(file, new RegExp(`\\b(?:const|let|var)\\s+${name.replaceAll('$', '\\$')}\\b`))
}

function placeOf(file: SourceFile, pattern: RegExp): { line: number; column: number } | undefined {
  const at = file.text.search(pattern)
  return at < 0 ? undefined : lineColumn(file, at)
}
