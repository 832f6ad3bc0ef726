/** `unplugin-bpf sync [--check] [paths]`: declarations for every `.bpf.lisp`; `--check` is for CI. */
import { statSync } from 'node:fs'
import { globSync } from 'tinyglobby'
import { compileFile, displayName } from '../compile-file.ts'
import { staleTypes, writeTypes } from '../types-sync.ts'
import { Refused, refuseOnError } from './refused.ts'

export function syncCommand(paths: readonly string[], flags: { readonly check?: true }): void {
  const sources = paths.flatMap(sourcesUnder)
  if (sources.length === 0) throw new Refused(`error: no .bpf.lisp file under ${paths.join(', ')}`)
  const failures: string[] = []
  for (const source of sources) {
    try {
      syncOne(source, flags.check === true)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      failures.push(error.message)
    }
  }
  if (failures.length > 0) throw new Refused(failures.join('\n'))
}

function syncOne(source: string, checkOnly: boolean): void {
  const compiled = refuseOnError(() => compileFile(source))
  if (!checkOnly) {
    for (const path of writeTypes(compiled)) console.log(`wrote ${displayName(path)}`)
    return
  }
  const stale = staleTypes(compiled).map((file) => displayName(file.path))
  if (stale.length > 0) throw new Refused(`error: out of date: ${stale.join(', ')} (run: unplugin-bpf sync)`)
}

function sourcesUnder(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) throw new Refused(`error: ${path}: no such file or folder`)
  if (stats.isFile()) return [path]
  return globSync('**/*.bpf.lisp', { cwd: path, absolute: true, ignore: ['**/node_modules/**', '**/dist/**'] }).sort()
}
