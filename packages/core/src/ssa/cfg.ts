/**
 * Orders of the control flow graph. All of them start at the entry and leave out blocks that it does not reach; they
 * are computed afresh on each call, since any edit of an edge makes them wrong.
 */

import { postorderFrom } from '../graph/graph.ts'
import type { Func } from './func.ts'
import type { Block } from './inst.ts'

/** Every block after its successors (back edges aside). */
export function postorder(fn: Func): Block[] {
  return postorderFrom(fn.entry)
}

/** Every block before its successors (back edges aside). */
export function reversePostorder(fn: Func): Block[] {
  return postorder(fn).reverse()
}

export function unreachableBlocks(fn: Func): Set<Block> {
  const reached = new Set(postorder(fn))
  return new Set(fn.blocks.filter((block) => !reached.has(block)))
}

/** The edge leaves a block with several successors and enters one with several predecessors. */
export function isCriticalEdge(from: Block, to: Block): boolean {
  return from.succs.length > 1 && to.preds.length > 1
}
