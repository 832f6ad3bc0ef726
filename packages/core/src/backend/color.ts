/**
 * Coloring of the coalesced interference graph (Chaitin and Briggs): nodes with few neighbours are set aside, the
 * cheapest of the others optimistically after them; taken back in reverse order, each gets a register that its
 * neighbours left over. What finds none is to be spilled.
 */
import { type Coalesced, choices, isEasy } from './coalesce.ts'
import { type Graph, REGISTERS } from './interference.ts'
import type { Reg } from './mach.ts'
import { isVirtual } from './mach.ts'

export interface Coloring {
  /** Physical register by node. */
  readonly color: ReadonlyMap<Reg, Reg>
  /** Nodes without a register. */
  readonly failed: readonly Reg[]
  /** The two nodes are alive at the same time. */
  conflicts(a: Reg, b: Reg): boolean
}

/** Scratch registers first; r0 last of them, since results and return values want it. */
const PREFERENCE = [1, 2, 3, 4, 5, 0, 6, 7, 8, 9]

/** `cost` of spilling by node. */
export function colorGraph(coalesced: Coalesced, cost: ReadonlyMap<Reg, number>): Coloring {
  const { graph, find } = coalesced
  const nodes = [...new Set(graph.nodes.map(find))].filter(isVirtual)
  const partners = movePartners(graph, find)
  const color = new Map<Reg, Reg>()
  const failed: Reg[] = []
  const around = new Map(nodes.map((node) => [node, new Set(graph.neighbours[node]!)]))
  for (const node of simplifyOrder(graph, nodes, cost).reverse()) {
    let taken = graph.forbidden[node]!
    for (const other of around.get(node)!) {
      const used = color.get(other)
      if (used !== undefined) taken |= 1 << used
    }
    const reg = chooseRegister(taken, partners.get(node), color)
    if (reg === undefined) failed.push(node)
    else color.set(node, reg)
  }
  return { color, failed, conflicts: (a, b) => around.get(a)!.has(b) }
}

/** Empties the graph's neighbour sets. */
function simplifyOrder(graph: Graph, nodes: readonly Reg[], cost: ReadonlyMap<Reg, number>): Reg[] {
  const order: Reg[] = []
  const left = new Set(nodes)
  const easy = nodes.filter((node) => isEasy(graph, node))
  const remove = (node: Reg): void => {
    left.delete(node)
    order.push(node)
    for (const other of graph.neighbours[node]!) {
      const around = graph.neighbours[other]!
      const wasEasy = isEasy(graph, other)
      around.delete(node)
      if (!wasEasy && isEasy(graph, other)) easy.push(other)
    }
  }
  while (left.size > 0) {
    const node = easy.pop() ?? cheapest(graph, left, cost)
    if (left.has(node)) remove(node)
  }
  return order
}

function cheapest(graph: Graph, left: ReadonlySet<Reg>, cost: ReadonlyMap<Reg, number>): Reg {
  let best: Reg | undefined
  let bestValue = Number.POSITIVE_INFINITY
  for (const node of left) {
    const pressure = graph.neighbours[node]!.size + REGISTERS - choices(graph, node)
    const value = (cost.get(node) ?? 0) / Math.max(1, pressure)
    if (best === undefined || value < bestValue) {
      best = node
      bestValue = value
    }
  }
  return best!
}

/** Other sides of copies that were not coalesced: the same register makes the copy vanish after all. */
function movePartners(graph: Graph, find: (reg: Reg) => Reg): Map<Reg, Reg[]> {
  const partners = new Map<Reg, Reg[]>()
  const add = (node: Reg, other: Reg): void => {
    if (isVirtual(node)) partners.set(node, [...(partners.get(node) ?? []), other])
  }
  for (const move of graph.moves) {
    const a = find(move.dst)
    const b = find(move.src)
    if (a === b) continue
    add(a, b)
    add(b, a)
  }
  return partners
}

function chooseRegister(
  taken: number,
  partners: readonly Reg[] | undefined,
  color: ReadonlyMap<Reg, Reg>,
): Reg | undefined {
  for (const partner of partners ?? []) {
    const reg = isVirtual(partner) ? color.get(partner) : partner
    if (reg !== undefined && reg < REGISTERS && !((taken >> reg) & 1)) return reg
  }
  return PREFERENCE.find((reg) => !((taken >> reg) & 1))
}
