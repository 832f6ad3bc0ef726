/** The whole schedule of optimization passes, in order, with the reason where the order matters. */
import type { CompileOptions } from '../options.ts'
import type { Func } from '../ssa/func.ts'
import type { Step } from './pass.ts'
import { runSteps } from './pass.ts'

export const PIPELINE: readonly Step[] = []

/** Optimizes in place. Correct, only larger, with any set of optional passes left out. */
export function optimize(fn: Func, options: CompileOptions): void {
  runSteps(fn, PIPELINE, options)
}
