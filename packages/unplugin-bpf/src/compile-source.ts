/** Either language by its file name: what the plugin and the commands call. */
import { emitModuleJs, tsModuleExports } from '@unplugin-bpf/core'
import { type CompiledFile, compileFile, type FileOptions } from './compile-file.ts'
import type { CompiledTs } from './compile-ts.ts'
import type { EvaluateOptions } from './evaluate/evaluate.ts'

export type CompiledSource =
  | { readonly language: 'lisp'; readonly compiled: CompiledFile }
  | { readonly language: 'ts'; readonly compiled: CompiledTs }

export interface SourceOptions extends FileOptions, EvaluateOptions {}

export function isTypeScript(path: string): boolean {
  return /\.[cm]?ts$/.test(path)
}

/** @throws CompileError */
export async function compileSource(path: string, options: SourceOptions = {}): Promise<CompiledSource> {
  if (isTypeScript(path)) {
    // Who compiles Lisp need not wait for the other front end.
    const { compileBpfTs } = await import('./compile-ts.ts')
    return { language: 'ts', compiled: await compileBpfTs(path, options) }
  }
  const { timeLimit: _, onFile: __, ...rest } = options
  return { language: 'lisp', compiled: compileFile(path, rest) }
}

/** The JavaScript that a bundler sees in place of the source. */
export function emitSource({ language, compiled }: CompiledSource): string {
  if (language === 'lisp') return emitModuleJs(compiled)
  return emitModuleJs(compiled, tsModuleExports(compiled.module, compiled.evaluated))
}
