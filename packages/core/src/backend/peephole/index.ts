/**
 * Improvements after allocation, in order. Each says why selection and allocation cannot do it. The result is still
 * blocks; layout comes next.
 */

import { skipEmptyBlocks } from '../layout.ts'
import type { MachFunc } from '../mach.ts'
import { removeNoops } from '../regalloc.ts'
import { hoistValues } from './hoist-values.ts'
import { removeKnownConstants } from './known-constants.ts'
import { mergeTails } from './merge-tails.ts'
import { shareExit } from './share-exit.ts'

export function improveCode(fn: MachFunc): void {
  removeNoops(fn)
  skipEmptyBlocks(fn)
  // First, so that all ends of the program look alike to the others.
  shareExit(fn)
  removeKnownConstants(fn)
  skipEmptyBlocks(fn)
  while (mergeTails(fn)) skipEmptyBlocks(fn)
  // After merging: merged return blocks have more predecessors, all of which must be free.
  while (hoistValues(fn)) skipEmptyBlocks(fn)
  removeKnownConstants(fn)
  skipEmptyBlocks(fn)
}
