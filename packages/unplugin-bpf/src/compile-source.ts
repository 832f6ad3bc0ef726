/** Either language by its file name: what the plugin and the commands call. */
import { emitModuleJs } from '@unplugin-bpf/core'
import { type CompiledFile, compileFile, type FileOptions } from './compile-file.ts'
import { type CompiledTs, compileBpfTs, emitTsModule } from './compile-ts.ts'
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
  if (isTypeScript(path)) return { language: 'ts', compiled: await compileBpfTs(path, options) }
  const { timeLimit: _, onFile: __, ...rest } = options
  return { language: 'lisp', compiled: compileFile(path, rest) }
}

/** The JavaScript that a bundler sees in place of the source. */
export function emitSource(source: CompiledSource): string {
  return source.language === 'ts' ? emitTsModule(source.compiled) : emitModuleJs(source.compiled)
}
