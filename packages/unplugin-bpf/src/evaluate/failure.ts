/** A module that failed while it ran, as a diagnostic in the user's source: stacks are followed through both source maps. */
import { SourceMap } from 'node:module'
import { Bag, CompileError, type Note, type Span } from '@unplugin-bpf/core'
import { type Graph, type GraphModule, transformModule } from './graph.ts'
import { toUrl } from './resolve.ts'
import type { EvaluationFailure } from './run.ts'

export function failureError(graph: Graph, failure: EvaluationFailure): CompileError {
  const bag = new Bag()
  const top: Span = { file: graph.entry.file, start: 0, end: 0 }
  switch (failure.kind) {
    case 'shape':
      bag.error('bad-syntax', defaultExport(graph.entry) ?? top, failure.message)
      break
    case 'timeout':
      bag.error('evaluation-limit', top, `the module was still running after ${failure.milliseconds} ms`, {
        hint: 'code outside kernel functions runs at build time: look for a loop that does not end',
      })
      break
    case 'exit':
      bag.error('evaluation-error', top, `the module ended the process with code ${failure.code}`)
      break
    case 'thrown':
      thrownError(bag, graph, failure)
      break
  }
  return new CompileError(bag.diagnostics)
}

function thrownError(bag: Bag, graph: Graph, failure: Extract<EvaluationFailure, { kind: 'thrown' }>): void {
  const message = userNames(graph, failure.message)
  const frames = framesOf(graph, failure.stack)
  const [first, ...rest] = frames
  // The frame of a failed link is the first line of the module; the import that fails says more.
  const span = linkError(graph, failure.message) ?? first ?? { file: graph.entry.file, start: 0, end: 0 }
  const notes = rest.map((frame): Note => ({ message: 'called from here', span: frame }))
  bag.error('evaluation-error', span, `${failure.name}: ${message}`, { notes })
}

/** Cached modules by their source's name. */
function userNames(graph: Graph, text: string): string {
  let result = text
  for (const [path, output] of graph.outputs) {
    const name = graph.modules.get(path)!.own ? 'unplugin-bpf/dsl' : graph.modules.get(path)!.file.name
    result = result.replaceAll(toUrl(output), name).replaceAll(output, name)
  }
  return graph.own.areSources ? result : result.replaceAll(toUrl(graph.own.dsl), 'unplugin-bpf/dsl')
}

/** Positions of the user's own frames, innermost first. */
function framesOf(graph: Graph, stack: string): Span[] {
  const modules = new Map([...graph.outputs].map(([path, output]) => [toUrl(output), graph.modules.get(path)!]))
  const spans: Span[] = []
  for (const [, url, line, column] of stack.matchAll(/(file:\/\/[^\s():]+\.mjs):(\d+)(?::(\d+))?/g)) {
    const module = modules.get(url!)
    if (!module || module.own) continue
    const span = originalSpan(graph, module, Number(line), Number(column ?? 1))
    const same = spans.some((s) => s.file === span?.file && s.start === span.start)
    if (span && !same) spans.push(span)
  }
  return spans
}

/** `line` and `column` are 1-based and in the cached module. */
function originalSpan(graph: Graph, module: GraphModule, line: number, column: number): Span | undefined {
  let place = { line: line - 1, column: column - 1 }
  for (const map of transformModule(graph, module).maps) {
    // Objects of version 3 that the transformers made.
    const entry = new SourceMap(map as ConstructorParameters<typeof SourceMap>[0]).findEntry(place.line, place.column)
    if (!('originalLine' in entry)) return undefined
    place = { line: entry.originalLine, column: entry.originalColumn }
  }
  const { file } = module
  const start = (file.lineStarts[place.line] ?? 0) + place.column
  const word = /^[\w$.]+/.exec(file.text.slice(start))?.[0].length ?? 1
  return { file, start, end: Math.min(start + word, file.text.length) }
}

/** "does not provide an export named 'x'" comes without a frame: the import of x. */
function linkError(graph: Graph, message: string): Span | undefined {
  const name = /export named '([^']+)'/.exec(message)?.[1]
  if (name === undefined) return undefined
  for (const module of graph.modules.values()) {
    if (module.own) continue
    const at = new RegExp(`\\bimport\\b[^;'"]*?\\b(${name})\\b[^;'"]*?from`).exec(module.file.text)
    if (!at) continue
    const start = at.index + at[0].indexOf(name, 'import'.length)
    return { file: module.file, start, end: start + name.length }
  }
  return undefined
}

function defaultExport(module: GraphModule): Span | undefined {
  const start = module.file.text.search(/^export default\b/m)
  return start < 0 ? undefined : { file: module.file, start, end: start + 'export default'.length }
}
