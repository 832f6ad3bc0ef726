/** From a `.bpf.ts` path to a compiled program. */
import { resolve } from 'node:path'
import { Bag, compileModule, type EvaluatedExports, lowerObject, type ParseSource } from '@unplugin-bpf/core'
import type { CompiledFile, FileOptions } from './compile-file.ts'
import type { EvaluateOptions } from './evaluate/evaluate.ts'
import type { GraphModule } from './evaluate/graph.ts'
import { kernelData } from './kernel-data.ts'

export interface CompiledTs extends CompiledFile {
  /** The module's exports, as data. */
  readonly evaluated: EvaluatedExports
}

export interface TsOptions extends FileOptions, EvaluateOptions {}

/** By texts and options: builds for several targets and edits elsewhere ask for the same program again. */
const compiled = new Map<string, CompiledTs>()
const KEPT = 64

/** @throws CompileError. `path` may be relative to the working directory. */
export function compileBpfTs(path: string, options: TsOptions = {}): Promise<CompiledTs> {
  return compileEntry(resolve(path), options)
}

/** `entry`: an absolute path, or part of a module. @throws CompileError */
export async function compileEntry(entry: string | GraphModule, options: TsOptions = {}): Promise<CompiledTs> {
  const { timeLimit, onFile, btf, ...rest } = options
  // Parser and transformer are native modules, which who compiles Lisp need not wait for.
  const { evaluateFile } = await import('./evaluate/evaluate.ts')
  const { key, module, parse } = await evaluateFile(entry, { timeLimit, onFile })
  // Who traces wants to see the stages.
  const cacheKey = rest.trace ? undefined : `${key} ${btf} ${JSON.stringify(rest)}`
  const known = cacheKey === undefined ? undefined : compiled.get(cacheKey)
  if (known) return known
  const bag = new Bag()
  const host = kernelData(btf)
  const lowered = lowerObject({ evaluated: module, parse: parse as unknown as ParseSource, host }, bag) // ESTree in both
  const path = typeof entry === 'string' ? entry : entry.path
  const result: CompiledTs = { ...compileModule(lowered, rest, bag), path, evaluated: module }
  if (cacheKey !== undefined) remember(cacheKey, result)
  return result
}

function remember(key: string, result: CompiledTs): void {
  const [oldest] = compiled.keys()
  if (compiled.size >= KEPT && oldest !== undefined) compiled.delete(oldest)
  compiled.set(key, result)
}
