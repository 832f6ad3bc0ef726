/** Order and immediate dominators of machine blocks; the algorithms are those of graph/graph. */
import * as graph from '../graph/graph.ts'
import type { MachBlock, MachFunc } from './mach.ts'
import { predecessors } from './mach.ts'

/** By block; the entry has none. Blocks that the entry does not reach are absent. */
export function immediateDominators(fn: MachFunc): Map<MachBlock, MachBlock> {
  const order = reversePostorder(fn)
  const index = new Map(order.map((block, i) => [block, i]))
  const preds = predecessors(fn)
  const idom = graph.immediateDominators(order, index, (block) => preds.get(block)!)
  return new Map(order.slice(1).map((block, i) => [block, order[idom[i + 1]!]!]))
}

/** Every block before its successors, back edges aside. */
export function reversePostorder(fn: MachFunc): MachBlock[] {
  return graph.postorderFrom(fn.blocks[0]!).reverse()
}
