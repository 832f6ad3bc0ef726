/**
 * Orders and dominators of any graph of blocks: the SSA function's (`cfg`, `dom`) and the machine code's
 * (`backend/mach-dom`). Blocks that the entry does not reach are left out.
 */
export interface GraphNode<N> {
  readonly succs: readonly N[]
}

/** Every block after its successors (back edges aside). Iterative: functions may be thousands of blocks deep. */
export function postorderFrom<N extends GraphNode<N>>(entry: N): N[] {
  const order: N[] = []
  const seen = new Set<N>([entry])
  const stack: { readonly block: N; next: number }[] = [{ block: entry, next: 0 }]
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
  return order
}

/**
 * Position in `order` (reverse postorder, `index` its inverse) of each block's immediate dominator; the entry's is its
 * own. Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm" (2001).
 */
export function immediateDominators<N>(
  order: readonly N[],
  index: ReadonlyMap<N, number>,
  predsOf: (block: N) => readonly N[],
): Int32Array {
  const idom = new Int32Array(order.length).fill(-1)
  idom[0] = 0
  const intersect = (a: number, b: number): number => {
    while (a !== b) {
      while (a > b) a = idom[a]!
      while (b > a) b = idom[b]!
    }
    return a
  }
  for (let changed = true; changed; ) {
    changed = false
    for (let i = 1; i < order.length; i++) {
      let found = -1
      for (const pred of predsOf(order[i]!)) {
        const p = index.get(pred)
        if (p === undefined || idom[p] === -1) continue
        found = found === -1 ? p : intersect(p, found)
      }
      if (idom[i] !== found) {
        idom[i] = found
        changed = true
      }
    }
  }
  return idom
}
