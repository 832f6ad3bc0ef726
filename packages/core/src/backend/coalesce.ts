/**
 * Coalescing: the two sides of a copy become one node, so that the copy disappears.
 *
 *   aggressive    whenever they do not interfere
 *   conservative  only when the graph stays as easy to color (Briggs: few neighbours of high degree; George for
 *                 physical registers)
 *
 * Out: `find` maps each register to its node; a node may be bound to a physical register, which its neighbours then
 * have among their forbidden ones.
 */
import { type Graph, type MoveEdge, REGISTERS } from './interference.ts'
import type { Reg } from './mach.ts'
import { isVirtual } from './mach.ts'

export type CoalesceMode = 'aggressive' | 'conservative'

export interface Coalesced {
  readonly graph: Graph
  /** Node of a register; a physical register number when it is bound to one. */
  find(reg: Reg): Reg
}

export function coalesce(graph: Graph, mode: CoalesceMode): Coalesced {
  const parent = new Map<Reg, Reg>()
  const find = (reg: Reg): Reg => {
    let root = reg
    for (let next = parent.get(root); next !== undefined; next = parent.get(root)) root = next
    if (root !== reg) parent.set(reg, root)
    return root
  }
  // Copies of inner loops first, then in program order.
  let waiting = [...graph.moves].sort((a, b) => b.depth - a.depth)
  for (let changed = true; changed; ) {
    changed = false
    const rest: MoveEdge[] = []
    for (const move of waiting) {
      const a = find(move.dst)
      const b = find(move.src)
      if (a === b) continue
      if (!tryMerge(graph, a, b, mode, parent)) rest.push(move)
      else changed = true
    }
    waiting = rest
  }
  return { graph, find }
}

function tryMerge(graph: Graph, a: Reg, b: Reg, mode: CoalesceMode, parent: Map<Reg, Reg>): boolean {
  if (isVirtual(a) && isVirtual(b)) {
    if (graph.neighbours[a]!.has(b) || !keepsChoice(graph, a, b)) return false
    if (mode === 'conservative' && !briggs(graph, a, b)) return false
    const [keep, gone] = graph.neighbours[a]!.size >= graph.neighbours[b]!.size ? [a, b] : [b, a]
    mergeNodes(graph, keep, gone)
    parent.set(gone, keep)
    return true
  }
  if (!isVirtual(a) && !isVirtual(b)) return false
  const [node, phys] = isVirtual(a) ? [a, b] : [b, a]
  if (phys >= REGISTERS || (graph.forbidden[node]! >> phys) & 1) return false
  if (mode === 'conservative' && !george(graph, node, phys)) return false
  bindNode(graph, node, phys)
  parent.set(node, phys)
  return true
}

const popcount = (mask: number): number => {
  let count = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++
  return count
}

/** Registers that the node may have. */
export function choices(graph: Graph, node: Reg): number {
  return REGISTERS - popcount(graph.forbidden[node]!)
}

export function isEasy(graph: Graph, node: Reg): boolean {
  return graph.neighbours[node]!.size < choices(graph, node)
}

/** Even aggressively, two nodes that leave no register to each other are kept apart. */
function keepsChoice(graph: Graph, a: Reg, b: Reg): boolean {
  return (graph.forbidden[a]! | graph.forbidden[b]!) !== (1 << REGISTERS) - 1
}

function briggs(graph: Graph, a: Reg, b: Reg): boolean {
  const left = graph.neighbours[a]!
  const right = graph.neighbours[b]!
  let hard = 0
  const count = (node: Reg, both: boolean): void => {
    if (graph.neighbours[node]!.size - (both ? 1 : 0) >= choices(graph, node)) hard++
  }
  for (const node of left) count(node, right.has(node))
  for (const node of right) if (!left.has(node)) count(node, false)
  return hard < REGISTERS - popcount(graph.forbidden[a]! | graph.forbidden[b]!)
}

function george(graph: Graph, node: Reg, phys: Reg): boolean {
  for (const other of graph.neighbours[node]!) {
    if (!isEasy(graph, other) && !((graph.forbidden[other]! >> phys) & 1)) return false
  }
  return true
}

function mergeNodes(graph: Graph, keep: Reg, gone: Reg): void {
  for (const other of graph.neighbours[gone]!) {
    graph.neighbours[other]!.delete(gone)
    graph.neighbours[other]!.add(keep)
    graph.neighbours[keep]!.add(other)
  }
  graph.neighbours[gone]!.clear()
  graph.forbidden[keep]! |= graph.forbidden[gone]!
}

function bindNode(graph: Graph, node: Reg, phys: Reg): void {
  for (const other of graph.neighbours[node]!) {
    graph.forbidden[other]! |= 1 << phys
    graph.neighbours[other]!.delete(node)
  }
  graph.neighbours[node]!.clear()
}
