/** From a `.bpf.ts` path to a compiled program. */
import { resolve } from 'node:path'
import { Bag, type CompileOptions, compileModule, lowerObject, type ParseSource } from '@unplugin-bpf/core'
import type { Captured } from '@unplugin-bpf/core/evaluate'
import type { CompiledFile } from './compile-file.ts'
import { type EvaluateOptions, evaluateFile } from './evaluate/evaluate.ts'

export interface CompiledTs extends CompiledFile {
  /** Named exports of the module, as data. */
  readonly exports: ReadonlyMap<string, Captured>
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
  return { ...result, path: absolute, exports: evaluated.exports }
}
