/** Immediate dominators of machine blocks (Cooper, Harvey, Kennedy, as in ssa/dom). */
import type { MachBlock, MachFunc } from './mach.ts'
import { predecessors } from './mach.ts'

/** By block; the entry has none. Blocks that the entry does not reach are absent. */
export function immediateDominators(fn: MachFunc): Map<MachBlock, MachBlock> {
  const order = reversePostorder(fn)
  const index = new Map(order.map((block, i) => [block, i]))
  const preds = predecessors(fn)
  const idom = new Int32Array(order.length).fill(-1)
  idom[0] = 0
  const meet = (a: number, b: number): number => {
    let [x, y] = [a, b]
    while (x !== y) {
      while (x > y) x = idom[x]!
      while (y > x) y = idom[y]!
    }
    return x
  }
  for (let changed = true; changed; ) {
    changed = false
    for (let i = 1; i < order.length; i++) {
      let found = -1
      for (const pred of preds.get(order[i]!)!) {
        const p = index.get(pred)
        if (p !== undefined && idom[p] !== -1) found = found === -1 ? p : meet(p, found)
      }
      if (idom[i] === found) continue
      idom[i] = found
      changed = true
    }
  }
  return new Map(order.slice(1).map((block, i) => [block, order[idom[i + 1]!]!]))
}

/** Every block before its successors, back edges aside. */
export function reversePostorder(fn: MachFunc): MachBlock[] {
  const order: MachBlock[] = []
  const seen = new Set<MachBlock>([fn.blocks[0]!])
  const stack = [{ block: fn.blocks[0]!, next: 0 }]
  while (stack.length > 0) {
    const top = stack.at(-1)!
    const succ = top.block.succs[top.next++]
    if (succ === undefined) {
      order.push(top.block)
      stack.pop()
    } else if (!seen.has(succ)) {
      seen.add(succ)
      stack.push({ block: succ, next: 0 })
    }
  }
  return order.reverse()
}
