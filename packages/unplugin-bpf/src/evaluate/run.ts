/**
 * Runs a graph in a worker thread, so that an endless loop at module level can be stopped, and brings back plain data.
 * The worker lives on for the next file: modules that did not change are not run again.
 */
import { Worker } from 'node:worker_threads'
import type { EvaluatedModule } from '@unplugin-bpf/core/evaluate'
import { type Graph, ownUrls } from './graph.ts'
import { toUrl } from './resolve.ts'

/** What stands between the module and its data. */
export type EvaluationFailure =
  | { readonly kind: 'thrown'; readonly name: string; readonly message: string; readonly stack: string }
  /** The module ran, but does not export an object. */
  | { readonly kind: 'shape'; readonly message: string }
  | { readonly kind: 'timeout'; readonly milliseconds: number }
  | { readonly kind: 'exit'; readonly code: number }

export type EvaluationResult =
  | { readonly ok: true; readonly module: Pick<EvaluatedModule, 'object' | 'exports'> }
  | { readonly ok: false; readonly failure: EvaluationFailure }

/** Text and not a file: it runs the same from sources, from a build and inside a bundler's configuration. */
const WORKER = `
const { parentPort } = require('node:worker_threads')
parentPort.on('message', async ({ entry, evaluate }) => {
  let api
  try {
    api = await import(evaluate)
    const module = await import(entry)
    parentPort.postMessage({ ok: true, module: api.snapshotModule(module) })
  } catch (error) {
    const thrown = typeof error === 'object' && error !== null
    const failure = api && error instanceof api.SnapshotError
      ? { kind: 'shape', message: error.message }
      : { kind: 'thrown', name: String((thrown && error.name) || 'Error'), message: thrown ? String(error.message) : String(error), stack: String((thrown && error.stack) || '') }
    parentPort.postMessage({ ok: false, failure })
  }
})
`
/** Modules of old versions stay in the worker's memory; a new one from time to time lets go of them. */
const RUNS_PER_WORKER = 200

let worker: Worker | undefined
let runs = 0
let queue: Promise<unknown> = Promise.resolve()

/** One after the other: a time limit is about one module. */
export function runGraph(graph: Graph, milliseconds: number): Promise<EvaluationResult> {
  const result = queue.then(() => runNow(graph, milliseconds))
  queue = result.catch(() => undefined)
  return result
}

function runNow(graph: Graph, milliseconds: number): Promise<EvaluationResult> {
  const current = takeWorker()
  const message = { entry: toUrl(graph.outputs.get(graph.entry.path)!), evaluate: ownUrls(graph).evaluate }
  return new Promise((resolve) => {
    const done = (result: EvaluationResult): void => {
      clearTimeout(timer)
      for (const event of ['message', 'error', 'exit', 'messageerror']) current.removeAllListeners(event)
      // An idle worker does not keep the process alive.
      current.unref()
      resolve(result)
    }
    const fail = (failure: EvaluationFailure): void => {
      dropWorker(current)
      done({ ok: false, failure })
    }
    const thrown = (error: Error): void =>
      fail({ kind: 'thrown', name: error.name, message: error.message, stack: error.stack ?? '' })
    const timer = setTimeout(() => fail({ kind: 'timeout', milliseconds }), milliseconds)
    current.ref()
    current.once('message', done)
    current.once('messageerror', thrown)
    current.once('error', thrown)
    current.once('exit', (code) => fail({ kind: 'exit', code }))
    current.postMessage(message)
  })
}

function takeWorker(): Worker {
  if (runs >= RUNS_PER_WORKER && worker) dropWorker(worker)
  if (!worker) {
    worker = new Worker(WORKER, { eval: true })
    runs = 0
  }
  runs++
  return worker
}

function dropWorker(current: Worker): void {
  if (worker === current) worker = undefined
  current.removeAllListeners()
  // The thread may be in an endless loop: nothing waits for its end.
  void current.terminate()
}
