/**
 * Order of blocks, and jumps where the order does not say where to go on.
 *
 *   in:  blocks after allocation, no-ops removed
 *   out: linear code; every block ends in exit, a jump, or right before the block it goes on to
 *
 * A block is followed by the successor that no other open block could still lead to, since only one of several
 * predecessors can fall through. Jumps to a lone `exit` become that exit.
 */

import { INVERSE_PRED } from '../tables/ir-ops.ts'
import type { Cpu } from './cpu.ts'
import { atLeast } from './cpu.ts'
import { isConditional, OP, predOf, withPred } from './encoding.ts'
import type { MachBlock, MachFunc, MachInst } from './mach.ts'
import { mach, predecessors, terminatorOf } from './mach.ts'

export interface LinearInst {
  readonly inst: MachInst
  /** Of a jump. */
  readonly target?: MachBlock | undefined
}

export interface LinearBlock {
  readonly block: MachBlock
  readonly insts: readonly LinearInst[]
}

export function layoutBlocks(fn: MachFunc, cpu: Cpu): LinearBlock[] {
  skipEmptyBlocks(fn)
  const order = orderBlocks(fn)
  return order.map((block, i) => ({ block, insts: finishBlock(block, order[i + 1], cpu) }))
}

/** Edges to blocks without instructions go to where those lead; unreachable blocks are dropped. */
export function skipEmptyBlocks(fn: MachFunc): void {
  const final = (block: MachBlock): MachBlock => {
    const seen = new Set<MachBlock>()
    let at = block
    while (at.insts.length === 0 && at.succs.length === 1 && !seen.has(at)) {
      seen.add(at)
      at = at.succs[0]!
    }
    return at
  }
  for (const block of fn.blocks) {
    block.succs = block.succs.map(final)
    // Both ways lead to one place: the comparison decides nothing.
    if (block.succs.length === 2 && block.succs[0] === block.succs[1]) {
      block.insts.pop()
      block.succs.pop()
    }
  }
  removeUnreachable(fn)
}

export function removeUnreachable(fn: MachFunc): void {
  const reached = new Set<MachBlock>([fn.blocks[0]!])
  for (const block of reached) for (const succ of block.succs) reached.add(succ)
  fn.blocks = fn.blocks.filter((block) => reached.has(block))
}

function orderBlocks(fn: MachFunc): MachBlock[] {
  const preds = predecessors(fn)
  const placed = new Set<MachBlock>()
  const order: MachBlock[] = []
  const waiting = [...fn.blocks].reverse()
  for (let block = waiting.pop(); block; block = waiting.pop()) {
    for (let at: MachBlock | undefined = block; at && !placed.has(at); ) {
      placed.add(at)
      order.push(at)
      at = nextBlock(at, placed, preds)
    }
  }
  return order
}

function nextBlock(
  block: MachBlock,
  placed: ReadonlySet<MachBlock>,
  preds: ReadonlyMap<MachBlock, readonly MachBlock[]>,
): MachBlock | undefined {
  const open = block.succs.filter((succ) => !placed.has(succ))
  const rivals = (succ: MachBlock): number => preds.get(succ)!.filter((pred) => !placed.has(pred)).length
  const last = terminatorOf(block)
  // A jump without an inverse can only fall through to its second target.
  if (last && isConditional(last.opcode) && INVERSE_PRED[predOf(last.opcode)] === undefined) {
    if (open.includes(block.succs[1]!)) return block.succs[1]
  }
  open.sort((a, b) => rivals(a) - rivals(b) || block.succs.indexOf(b) - block.succs.indexOf(a))
  return open[0]
}

function finishBlock(block: MachBlock, next: MachBlock | undefined, cpu: Cpu): LinearInst[] {
  const last = terminatorOf(block)
  if (!last) {
    const insts = block.insts.map((inst) => ({ inst }))
    return block.succs[0] === next ? insts : [...insts, jumpTo(block.succs[0]!, block.insts.at(-1))]
  }
  const insts: LinearInst[] = block.insts.slice(0, -1).map((inst) => ({ inst }))
  if (last.opcode === OP.EXIT) return [...insts, { inst: last }]
  const [taken, other] = block.succs as [MachBlock, MachBlock]
  if (other === next) return [...insts, { inst: last, target: taken }]
  const inverse = inverseOf(last, cpu)
  if (taken === next && inverse) return [...insts, { inst: inverse, target: other }]
  return [...insts, { inst: last, target: taken }, jumpTo(other, last)]
}

function jumpTo(target: MachBlock, near: MachInst | undefined): LinearInst {
  const only = target.insts[0]
  if (target.insts.length === 1 && only?.opcode === OP.EXIT) return { inst: { ...only, span: near?.span ?? only.span } }
  return { inst: mach(OP.JUMP, { span: near?.span ?? only?.span }), target }
}

function inverseOf(inst: MachInst, cpu: Cpu): MachInst | undefined {
  const pred = INVERSE_PRED[predOf(inst.opcode)]
  const isLess = pred === 'ult' || pred === 'ule' || pred === 'slt' || pred === 'sle'
  if (!pred || (isLess && !atLeast(cpu, 'v2'))) return undefined
  return { ...inst, opcode: withPred(inst.opcode, pred) }
}
