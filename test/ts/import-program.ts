/** Compiles a `.bpf.ts` and imports what a bundler would see of it. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compileSource, emitSource, type SourceOptions } from '../../packages/unplugin-bpf/src/compile-source.ts'

const folder = join(import.meta.dirname, '.output', 'programs')

/** Path of the module that a bundler would see. */
export async function emitProgram(path: string, options: SourceOptions = {}): Promise<string> {
  const text = emitSource(await compileSource(path, options))
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${createHash('sha256').update(text).digest('hex').slice(0, 16)}.mjs`)
  writeFileSync(file, text)
  return file
}

/** The module's namespace; `T` is `typeof import('./x.bpf.ts')`. */
export async function importProgram<T>(path: string, options: SourceOptions = {}): Promise<T> {
  return import(/* @vite-ignore */ pathToFileURL(await emitProgram(path, options)).href)
}
