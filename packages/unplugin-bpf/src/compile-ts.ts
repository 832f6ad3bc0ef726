/** From a `.bpf.ts` path to a compiled program. */
import { resolve } from 'node:path'
import {
  Bag,
  type CompileOptions,
  compileModule,
  type EvaluatedExports,
  emitModuleJs,
  lowerObject,
  type ParseSource,
  tsModuleExports,
} from '@unplugin-bpf/core'
import type { CompiledFile } from './compile-file.ts'
import { type EvaluateOptions, evaluateFile } from './evaluate/evaluate.ts'

export interface CompiledTs extends CompiledFile {
  /** The module's exports, as data. */
  readonly evaluated: EvaluatedExports
}

export interface TsOptions extends Partial<CompileOptions>, EvaluateOptions {}

/** @throws CompileError. `path` may be relative to the working directory. */
export async function compileBpfTs(path: string, options: TsOptions = {}): Promise<CompiledTs> {
  const absolute = resolve(path)
  const { timeLimit, onFile, ...rest } = options
  const { module: evaluated, parse } = await evaluateFile(absolute, { timeLimit, onFile })
  const bag = new Bag()
  const module = lowerObject(evaluated, parse as unknown as ParseSource, bag) // ESTree in both
  const result = compileModule(module, rest, bag)
  return { ...result, path: absolute, evaluated }
}

/** The JavaScript that a bundler sees in place of the file. */
export function emitTsModule(compiled: CompiledTs): string {
  return emitModuleJs(compiled, tsModuleExports(compiled.module, compiled.evaluated))
}
