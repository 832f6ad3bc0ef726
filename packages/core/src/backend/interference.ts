/**
 * The interference graph of virtual registers. Physical registers are no nodes: what a register must avoid is a bit
 * mask (calls forbid r0..r5 to everything alive across them). A copy does not make its two sides interfere (Chaitin).
 */
import type { Liveness } from './liveness.ts'
import type { MachBlock, MachFunc, MachInst, Reg } from './mach.ts'
import { forEachDef, forEachUse, isMove, isVirtual, physDefs, physUses } from './mach.ts'

/** r0..r9. */
export const REGISTERS = 10

export interface Graph {
  /** By register number; empty for numbers that do not occur. */
  readonly neighbours: Set<Reg>[]
  /** Physical registers that the node must not get. */
  readonly forbidden: Uint16Array
  /** Copies, one side may be physical. */
  readonly moves: MoveEdge[]
  /** Registers that occur. */
  readonly nodes: Reg[]
}

export interface MoveEdge {
  readonly dst: Reg
  readonly src: Reg
  readonly depth: number
}

export function buildGraph(fn: MachFunc, liveness: Liveness): Graph {
  const graph: Graph = {
    neighbours: Array.from({ length: fn.regLimit }, () => new Set<Reg>()),
    forbidden: new Uint16Array(fn.regLimit),
    moves: [],
    nodes: [],
  }
  const seen = new Uint8Array(fn.regLimit)
  const note = (reg: Reg): void => {
    if (seen[reg]) return
    seen[reg] = 1
    graph.nodes.push(reg)
  }
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      forEachUse(inst, note)
      forEachDef(inst, note)
    }
    addBlock(graph, block, liveness)
  }
  return graph
}

function addBlock(graph: Graph, block: MachBlock, liveness: Liveness): void {
  const live = new Set<Reg>()
  let physLive = 0
  liveness.forEachLiveOut(block, (reg) => live.add(reg))
  for (let i = block.insts.length - 1; i >= 0; i--) {
    const inst = block.insts[i]!
    if (isMove(inst)) {
      if (isVirtual(inst.dst) || isVirtual(inst.src)) {
        graph.moves.push({ dst: inst.dst, src: inst.src, depth: block.depth })
      }
      if (isVirtual(inst.src)) live.delete(inst.src)
      else physLive &= ~(1 << inst.src)
    }
    addDefs(graph, inst, live, physLive)
    forEachDef(inst, (reg) => live.delete(reg))
    physLive = (physLive & ~physDefs(inst)) | physUses(inst)
    forEachUse(inst, (reg) => live.add(reg))
  }
}

function addDefs(graph: Graph, inst: MachInst, live: ReadonlySet<Reg>, physLive: number): void {
  forEachDef(inst, (def) => {
    graph.forbidden[def]! |= physLive
    const mine = graph.neighbours[def]!
    for (const other of live) {
      if (other === def) continue
      mine.add(other)
      graph.neighbours[other]!.add(def)
    }
  })
  const mask = physDefs(inst) | inst.clobbers
  if (mask !== 0) for (const reg of live) graph.forbidden[reg]! |= mask
}
