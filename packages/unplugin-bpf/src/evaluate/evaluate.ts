/** Evaluation of one `.bpf.ts` file: path in, plain data out. */
import type { SourceFile } from '@unplugin-bpf/core'
import type { EvaluatedModule } from '@unplugin-bpf/core/evaluate'
import { failureError } from './failure.ts'
import { buildGraph, type GraphModule } from './graph.ts'
import type { AnyNode } from './nodes.ts'
import { parseProgram } from './parse.ts'
import { runGraph } from './run.ts'

export interface Evaluation {
  /** Equal for equal texts of all files. */
  readonly key: string
  readonly module: EvaluatedModule
  /** Syntax tree of one of the module's files. */
  readonly parse: (file: SourceFile) => AnyNode
}

export interface EvaluateOptions {
  /** Milliseconds that the module may run (default 5000). */
  readonly timeLimit?: number | undefined
  /** Called with the absolute path of every file that is read, also when evaluation fails later. */
  readonly onFile?: ((path: string) => void) | undefined
}

const TIME_LIMIT = 5000

/** `entry`: a path, or part of a module (`inline/slice`). @throws CompileError */
export async function evaluateFile(entry: string | GraphModule, options: EvaluateOptions = {}): Promise<Evaluation> {
  const graph = buildGraph(entry, options.onFile ?? (() => undefined))
  const result = await runGraph(graph, options.timeLimit ?? TIME_LIMIT)
  if (!result.ok) throw failureError(graph, result.failure)
  const modules = [...graph.modules.values()].filter((module) => !module.own)
  const trees = new Map(modules.map((module) => [module.file.text, module.source.program]))
  return {
    key: graph.outputs.get(graph.entry.path)!,
    module: {
      main: graph.entry.file.name,
      files: new Map(modules.map((module) => [module.file.name, module.file.text])),
      ...result.module,
    },
    parse: (file) => trees.get(file.text) ?? parseProgram(file.text, file.name),
  }
}
