/** The sources that a command's path arguments mean. */
import { statSync } from 'node:fs'
import { globSync } from 'tinyglobby'
import { Refused } from './refused.ts'

/** A file is itself; a folder is every `.bpf.lisp` and `.bpf.ts` below it, sorted. */
export function sourcesUnder(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) throw new Refused(`error: ${path}: no such file or folder`)
  if (stats.isFile()) return [path]
  const ignore = ['**/node_modules/**', '**/dist/**', '**/*.d.lisp.ts']
  return globSync(['**/*.bpf.lisp', '**/*.bpf.ts'], { cwd: path, absolute: true, ignore }).sort()
}
