/** The whole schedule of optimization passes, in order, with the reason where the order matters. */
import type { CompileOptions } from '../options.ts'
import type { Func } from '../ssa/func.ts'
import { dce } from './dce.ts'
import { directKeys } from './direct-keys.ts'
import { dse } from './dse.ts'
import { forwardLoads } from './forward-loads.ts'
import { gvn } from './gvn.ts'
import { mergeBounds } from './merge-bounds.ts'
import { tailMerging } from './merge-tails/index.ts'
import type { Step } from './pass.ts'
import { fixpoint, once, runSteps } from './pass.ts'
import { shareKeys } from './share-keys.ts'
import { shareSlots } from './share-slots.ts'
import { simplify } from './simplify/index.ts'
import { simplifyCfg } from './simplify-cfg.ts'
import { spreadStores } from './spread-stores.ts'
import { threadBranches } from './thread-branches.ts'
import { widenStores } from './widen-stores.ts'

/** Each round makes the function smaller: a long chain of dead tests takes one per link. More means a pair of passes at odds. */
const ROUNDS = 200

export const PIPELINE: readonly Step[] = [
  fixpoint('canonicalize', ROUNDS, [simplify, dce, simplifyCfg]),
  once(gvn),
  // After gvn, which makes equal addresses one value.
  once(forwardLoads),
  fixpoint('again', ROUNDS, [simplify, gvn, threadBranches, dce, simplifyCfg]),
  // Before addresses are spread over calls, so that nothing but tests lies between two checks.
  once(mergeBounds),
  once(directKeys),
  // Removes the copies that the two passes above made useless.
  fixpoint('cleanup', ROUNDS, [widenStores, dse, simplify, gvn, dce, simplifyCfg]),
  // Late: what differs only before simplification must not look different here.
  fixpoint('tails', ROUNDS, [tailMerging, simplify, gvn, dce, simplifyCfg]),
  once(shareKeys),
  // After tail merging, which makes such choices.
  once(spreadStores),
  fixpoint('last', ROUNDS, [dse, simplify, gvn, dce, simplifyCfg]),
  // After everything that reasons about slots of single operations.
  once(shareSlots),
]

/** Names that `--skip` and `--print-after` take, in the order in which they first run. */
export const PASS_NAMES: readonly string[] = [
  ...new Set(PIPELINE.flatMap((step) => step.passes.map((pass) => pass.name))),
]

/** Optimizes in place. Correct, only larger, with any set of optional passes left out. */
export function optimize(fn: Func, options: CompileOptions): void {
  const skip = options.exactLines ? [...options.skip, tailMerging.name] : options.skip
  runSteps(fn, PIPELINE, { ...options, skip })
}
