/**
 * Dominator tree. Numbers of a walk over the tree make `dominates` two comparisons. Unreachable blocks are not in the
 * tree. Wrong after any edit of an edge.
 */

import { immediateDominators } from '../graph/graph.ts'
import { postorder } from './cfg.ts'
import type { Func } from './func.ts'
import type { Block, Inst } from './inst.ts'

export interface DomTree {
  /** Reverse postorder of the reachable blocks. */
  readonly order: readonly Block[]
  /** Immediate dominator; undefined for the entry and for unreachable blocks. */
  idom(block: Block): Block | undefined
  children(block: Block): readonly Block[]
  /** Reflexive. */
  dominates(a: Block, b: Block): boolean
  /** The value is computed before `at` on every path; false when they are the same instruction. */
  precedes(value: Inst, at: Inst): boolean
}

export function dominators(fn: Func): DomTree {
  const order = postorder(fn).reverse()
  const index = new Map(order.map((block, i) => [block, i]))
  const idom = immediateDominators(order, index, (block) => block.preds)
  const children: Block[][] = order.map(() => [])
  for (let i = 1; i < order.length; i++) children[idom[i]!]!.push(order[i]!)
  const { enter, leave } = numberTree(order, index, children)

  const dominates = (a: Block, b: Block): boolean => {
    const ia = index.get(a)
    const ib = index.get(b)
    if (ia === undefined || ib === undefined) return a === b
    return enter[ia]! <= enter[ib]! && leave[ib]! <= leave[ia]!
  }
  return {
    order,
    idom: (block) => {
      const i = index.get(block)
      return i === undefined || i === 0 ? undefined : order[idom[i]!]
    },
    children: (block) => children[index.get(block) ?? -1] ?? [],
    dominates,
    precedes: (value, at) => {
      const from = value.block
      const to = at.block
      if (!from || !to) return false
      return from === to ? from.insts.indexOf(value) < from.insts.indexOf(at) : dominates(from, to)
    },
  }
}

/** Times of entering and leaving each node in a walk over the tree. */
function numberTree(
  order: readonly Block[],
  index: ReadonlyMap<Block, number>,
  children: readonly (readonly Block[])[],
): { enter: Int32Array; leave: Int32Array } {
  const enter = new Int32Array(order.length)
  const leave = new Int32Array(order.length)
  let clock = 0
  const stack = [{ node: 0, next: 0 }]
  enter[0] = clock++
  while (stack.length > 0) {
    const top = stack.at(-1)!
    const child = children[top.node]![top.next++]
    if (child === undefined) {
      leave[top.node] = clock++
      stack.pop()
    } else {
      const node = index.get(child)!
      enter[node] = clock++
      stack.push({ node, next: 0 })
    }
  }
  return { enter, leave }
}
