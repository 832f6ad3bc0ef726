/** The whole schedule of optimization passes, in order, with the reason where the order matters. */
import type { CompileOptions } from '../options.ts'
import type { Func } from '../ssa/func.ts'
import { dce } from './dce.ts'
import type { Step } from './pass.ts'
import { fixpoint, runSteps } from './pass.ts'
import { simplify } from './simplify/index.ts'
import { simplifyCfg } from './simplify-cfg.ts'

export const PIPELINE: readonly Step[] = [fixpoint('canonicalize', 12, [simplify, dce, simplifyCfg])]

/** Optimizes in place. Correct, only larger, with any set of optional passes left out. */
export function optimize(fn: Func, options: CompileOptions): void {
  runSteps(fn, PIPELINE, options)
}
