/**
 * Improvements after allocation, in order. Each says why selection and allocation cannot do it. The result is still
 * blocks; layout comes next.
 */

import { skipEmptyBlocks } from '../layout.ts'
import type { MachFunc } from '../mach.ts'
import { type LiveAt, presetConstants } from '../preset.ts'
import { removeNoops } from '../regalloc.ts'
import { knownConstants, removeKnownConstants } from './known-constants.ts'
import { mergeTails } from './merge-tails.ts'
import { liveAtStart } from './phys-liveness.ts'
import { shareExit } from './share-exit.ts'
import { storeConstantsFirst } from './stores-first.ts'

/** `tails`: whether equal ends of blocks become one, whose instructions then stand for several source lines. */
export function improveCode(fn: MachFunc, tails: 'merged' | 'apart'): void {
  removeNoops(fn)
  skipEmptyBlocks(fn)
  // First, so that all ends of the program look alike to the others.
  if (tails === 'merged') shareExit(fn)
  removeKnownConstants(fn)
  skipEmptyBlocks(fn)
  while (tails === 'merged' && mergeTails(fn)) skipEmptyBlocks(fn)
  storeConstantsFirst(fn, knownConstants(fn))
  // After merging: a merged return block has more predecessors, on all of whose paths the register must be free.
  while (presetConstants(fn, physicalLiveness(fn), 'late')) skipEmptyBlocks(fn)
  removeKnownConstants(fn)
  skipEmptyBlocks(fn)
}

function physicalLiveness(fn: MachFunc): LiveAt {
  const live = liveAtStart(fn)
  return (block, reg) => ((live.get(block)! >> reg) & 1) === 1
}
