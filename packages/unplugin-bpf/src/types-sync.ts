/**
 * `x.bpf.lisp` -> `x.bpf.d.lisp.ts` and its declaration map: the exact types of the import, for TypeScript's
 * `allowArbitraryExtensions`. Written only when the text changes, so that watchers do not run in circles.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { addMapping, GenMapping, setSourceContent, toEncodedMap } from '@jridgewell/gen-mapping'
import { emitModuleTypes, lineColumn } from '@unplugin-bpf/core'
import type { CompiledFile } from './compile-file.ts'

/** `dir/x.bpf.lisp` -> `dir/x.bpf.d.lisp.ts`. */
export function typesPath(source: string): string {
  return join(dirname(source), `${basename(source).replace(/\.lisp$/, '')}.d.lisp.ts`)
}

export interface GeneratedFile {
  readonly path: string
  readonly text: string
}

/** The declaration file and its map, as they should be on disk. */
export function generateTypes(compiled: CompiledFile): GeneratedFile[] {
  const path = typesPath(compiled.path)
  const types = emitModuleTypes(compiled.module)
  const map = new GenMapping({ file: basename(path) })
  const source = basename(compiled.path)
  for (const { line, column, span } of types.mappings) {
    if (span.file !== compiled.module.file) continue
    const original = lineColumn(span.file, span.start)
    addMapping(map, {
      generated: { line, column },
      source,
      original: { line: original.line, column: original.column - 1 },
    })
  }
  setSourceContent(map, source, null)
  return [
    { path, text: `${types.text}//# sourceMappingURL=${basename(path)}.map\n` },
    { path: `${path}.map`, text: `${JSON.stringify(toEncodedMap(map))}\n` },
  ]
}

/** Those of the generated files whose text on disk differs or is missing. */
export function staleTypes(compiled: CompiledFile): GeneratedFile[] {
  return generateTypes(compiled).filter((file) => readIfThere(file.path) !== file.text)
}

/** Brings the files up to date; returns the paths that were written. */
export function writeTypes(compiled: CompiledFile): string[] {
  const stale = staleTypes(compiled)
  for (const file of stale) writeFileSync(file.path, file.text)
  return stale.map((file) => file.path)
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
