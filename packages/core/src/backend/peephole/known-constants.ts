/**
 * Removes `reg = imm` where the register already has that value, as after `if r0 == 0`, a store of the same constant, or
 * a second call with the same argument. Forward data flow over r0..r9; joins keep what all predecessors agree on.
 *
 * After a null test the verifier knows the result of a lookup as the number 0 (mark_ptr_or_null_reg,
 * kernel/bpf/verifier.c), but a packet pointer, as parsers that return 0 make them, as a pointer still.
 */

import { CLASS, SOURCE_REG } from '../../tables/opcodes.ts'
import { OP, predOf } from '../encoding.ts'
import type { MachBlock, MachFunc, MachInst, Reg } from '../mach.ts'
import { isMove, physDefs, predecessors, terminatorOf } from '../mach.ts'

/** Values by register; absent: not known. */
type Known = Map<Reg, bigint>

/** The constant that a register holds at the end of a block. */
export type KnownAt = (block: MachBlock, reg: Reg) => bigint | undefined

export function removeKnownConstants(fn: MachFunc): void {
  const preds = predecessors(fn)
  const atEnd = solve(fn, preds)
  for (const block of fn.blocks) {
    const known = atStart(block, preds, atEnd)!
    block.insts = block.insts.filter((inst) => {
      const value = constantOf(inst, known)
      const redundant = value !== undefined && known.get(inst.dst) === value
      apply(inst, known)
      return !redundant
    })
  }
}

export function knownConstants(fn: MachFunc): KnownAt {
  const atEnd = solve(fn, predecessors(fn))
  return (block, reg) => atEnd.get(block)?.get(reg)
}

type Preds = ReadonlyMap<MachBlock, readonly MachBlock[]>

function solve(fn: MachFunc, preds: Preds): Map<MachBlock, Known> {
  const atEnd = new Map<MachBlock, Known>()
  for (let changed = true; changed; ) {
    changed = false
    for (const block of fn.blocks) {
      const known = atStart(block, preds, atEnd)
      if (!known) continue
      for (const inst of block.insts) apply(inst, known)
      const before = atEnd.get(block)
      if (before && sameKnown(before, known)) continue
      atEnd.set(block, known)
      changed = true
    }
  }
  return atEnd
}

function sameKnown(a: Known, b: Known): boolean {
  return a.size === b.size && [...a].every(([reg, value]) => b.get(reg) === value)
}

/**
 * Predecessors that were not visited yet (back edges) are taken to agree, and corrected in the next round. Undefined
 * while none was visited, so that knowledge only ever shrinks.
 */
function atStart(block: MachBlock, preds: Preds, atEnd: ReadonlyMap<MachBlock, Known>): Known | undefined {
  let result: Known | undefined = preds.get(block)!.length === 0 ? new Map() : undefined
  for (const pred of preds.get(block)!) {
    const end = atEnd.get(pred)
    if (!end) continue
    const known = new Map(end)
    learnFromBranch(pred, block, known)
    if (!result) result = known
    else for (const [reg, value] of result) if (known.get(reg) !== value) result.delete(reg)
  }
  return result
}

function learnFromBranch(pred: MachBlock, block: MachBlock, known: Known): void {
  const last = terminatorOf(pred)
  if (!last || last.opcode & SOURCE_REG || (last.opcode & 7) !== CLASS.JMP || last.opcode === OP.EXIT) return
  if (last.keepsPointer) return
  const equal = predOf(last.opcode) === 'eq' ? 0 : predOf(last.opcode) === 'ne' ? 1 : -1
  if (pred.succs[equal] === block) known.set(last.dst, BigInt.asUintN(64, BigInt(last.imm)))
}

function constantOf(inst: MachInst, known: Known): bigint | undefined {
  if (inst.raw) return undefined
  if (inst.opcode === OP.MOV_IMM) return BigInt.asUintN(64, BigInt(inst.imm))
  if (inst.opcode === OP.MOV32_IMM) return BigInt.asUintN(32, BigInt(inst.imm))
  if (isMove(inst)) return known.get(inst.src)
  return inst.wide?.kind === 'const' ? inst.wide.value : undefined
}

function apply(inst: MachInst, known: Known): void {
  const value = constantOf(inst, known)
  const mask = physDefs(inst) | inst.clobbers
  for (const reg of known.keys()) if ((mask >> reg) & 1) known.delete(reg)
  if (value !== undefined) known.set(inst.dst, value)
}
