/**
 * What instruction selection carries along for one function: the machine code made so far, the register of each value,
 * and small emitters. `each` values (constants, addresses, map references) are made again at each use; see isel-plan.
 */
import { invariant } from '../diag/diagnostic.ts'
import type { Span } from '../diag/source.ts'
import type { Func } from '../ssa/func.ts'
import type { Block, Inst } from '../ssa/inst.ts'
import type { Cpu } from './cpu.ts'
import { OP } from './encoding.ts'
import type { Plan } from './isel-plan.ts'
import type { MachBlock, MachFunc, MachInst, Reg } from './mach.ts'
import { FRAME_REG, mach } from './mach.ts'
import type { Remat } from './remat.ts'
import { rematOf } from './remat.ts'

export interface IselContext {
  readonly fn: Func
  readonly cpu: Cpu
  readonly plan: Plan
  readonly code: MachFunc
  /** First machine block of each SSA block. */
  readonly blockOf: ReadonlyMap<Block, MachBlock>
  /** Where instructions go; changes when an expansion needs control flow. */
  block: MachBlock
  span: Span | undefined
  readonly regs: Map<Inst, Reg>
}

export function newReg(cx: IselContext): Reg {
  return cx.code.regLimit++
}

export function newBlock(cx: IselContext): MachBlock {
  const block: MachBlock = { id: cx.code.blocks.length, insts: [], succs: [], depth: cx.block.depth }
  cx.code.blocks.push(block)
  return block
}

export function emit(cx: IselContext, opcode: number, fields: Parameters<typeof mach>[1] = {}): MachInst {
  const inst = mach(opcode, { span: cx.span, ...fields })
  cx.block.insts.push(inst)
  return inst
}

export function move(cx: IselContext, dst: Reg, src: Reg): void {
  if (dst !== src) emit(cx, OP.MOV, { dst, src })
}

/** Register that the value is computed into. */
export function resultReg(cx: IselContext, inst: Inst): Reg {
  let reg = cx.regs.get(inst)
  if (reg === undefined) {
    reg = newReg(cx)
    cx.regs.set(inst, reg)
  }
  return reg
}

/** A register that holds the value here. It must not be written. */
export function valueReg(cx: IselContext, inst: Inst): Reg {
  const known = cx.regs.get(inst)
  if (known !== undefined) return known
  const remat = rematOf(inst)
  if (!remat) {
    // A phi or a value of a block that comes later in the order (loops): its register is fixed now.
    invariant(inst.block, `isel: v${inst.id} is not in a block`)
    return resultReg(cx, inst)
  }
  const reg = newReg(cx)
  emitRemat(cx, reg, remat)
  return reg
}

/** Puts the value into a register of the caller's choice. */
export function copyInto(cx: IselContext, dst: Reg, inst: Inst): void {
  const remat = cx.regs.has(inst) ? undefined : rematOf(inst)
  if (remat) emitRemat(cx, dst, remat)
  else move(cx, dst, valueReg(cx, inst))
}

/** A fresh register with the value, which the caller may change. */
export function copyOf(cx: IselContext, inst: Inst): Reg {
  const reg = newReg(cx)
  copyInto(cx, reg, inst)
  return reg
}

export function emitConst(cx: IselContext, dst: Reg, value: bigint): void {
  const signed = BigInt.asIntN(64, value)
  if (BigInt.asIntN(32, signed) === signed) emit(cx, OP.MOV_IMM, { dst, imm: Number(signed) })
  else if (value >> 32n === 0n) emit(cx, OP.MOV32_IMM, { dst, imm: Number(BigInt.asIntN(32, value)) })
  else emit(cx, 0x18, { dst, wide: { kind: 'const', value } })
}

export function emitRemat(cx: IselContext, dst: Reg, remat: Remat): void {
  switch (remat.kind) {
    case 'const':
      emitConst(cx, dst, remat.value)
      return
    case 'lea':
      emit(cx, OP.MOV, { dst, src: FRAME_REG, slot: remat.slot, imm: remat.offset })
      return
    case 'map':
    case 'mapValue':
    case 'function':
      emit(cx, 0x18, { dst, wide: remat })
  }
}
