/**
 * Makes instructions readably. Registers are numbers 0..10, offsets and immediates as in `Insn`; ranges are checked when
 * the instruction is encoded.
 *
 *   [mov64Imm(0, 2), exit()]
 */

import { type HelperName, helperId } from '../tables/helpers/index.ts'
import type { BinaryOpName, Pred } from '../tables/ir-ops.ts'
import {
  ALU_CODE,
  ATOMIC_CODE,
  type AtomicName,
  CALL_CODE,
  CLASS,
  END_CODE,
  EXIT_CODE,
  FETCH,
  JA_CODE,
  JUMP_CODE,
  MAY_GOTO_CODE,
  MODE,
  MOV_CODE,
  NEG_CODE,
  SIZE,
  SOURCE_REG,
} from '../tables/opcodes.ts'
import { type Insn, LD_IMM64, PSEUDO } from './insn.ts'

export type Bits = 8 | 16 | 32 | 64
export type Width = 32 | 64

function insn(opcode: number, fields: Partial<Insn> = {}): Insn {
  return { opcode, dst: 0, src: 0, off: 0, imm: 0, ...fields }
}
const aluClass = (width: Width) => (width === 64 ? CLASS.ALU64 : CLASS.ALU)
const jumpClass = (width: Width) => (width === 64 ? CLASS.JMP : CLASS.JMP32)
/** Signed division is unsigned division with offset 1. */
const aluOffset = (op: BinaryOpName) => (op === 'sdiv' || op === 'smod' ? 1 : 0)

// arithmetic

export function aluImm(op: BinaryOpName, width: Width, dst: number, imm: number): Insn {
  return insn(aluClass(width) | ALU_CODE[op], { dst, imm, off: aluOffset(op) })
}
export function aluReg(op: BinaryOpName, width: Width, dst: number, src: number): Insn {
  return insn(aluClass(width) | SOURCE_REG | ALU_CODE[op], { dst, src, off: aluOffset(op) })
}
export const alu64Imm = (op: BinaryOpName, dst: number, imm: number): Insn => aluImm(op, 64, dst, imm)
export const alu64Reg = (op: BinaryOpName, dst: number, src: number): Insn => aluReg(op, 64, dst, src)
export const alu32Imm = (op: BinaryOpName, dst: number, imm: number): Insn => aluImm(op, 32, dst, imm)
export const alu32Reg = (op: BinaryOpName, dst: number, src: number): Insn => aluReg(op, 32, dst, src)

export function movImm(width: Width, dst: number, imm: number): Insn {
  return insn(aluClass(width) | MOV_CODE, { dst, imm })
}
export function movReg(width: Width, dst: number, src: number): Insn {
  return insn(aluClass(width) | SOURCE_REG | MOV_CODE, { dst, src })
}
export const mov64Imm = (dst: number, imm: number): Insn => movImm(64, dst, imm)
export const mov64Reg = (dst: number, src: number): Insn => movReg(64, dst, src)
export const mov32Imm = (dst: number, imm: number): Insn => movImm(32, dst, imm)
export const mov32Reg = (dst: number, src: number): Insn => movReg(32, dst, src)
/** Sign-extending move of the low `bits` bits (v4). */
export function movSigned(width: Width, dst: number, src: number, bits: 8 | 16 | 32): Insn {
  return insn(aluClass(width) | SOURCE_REG | MOV_CODE, { dst, src, off: bits })
}
export const neg = (width: Width, dst: number): Insn => insn(aluClass(width) | NEG_CODE, { dst })

/** To big-endian: on this little-endian target, reverses the low `bits` bits and clears the rest. */
export const toBigEndian = (dst: number, bits: 16 | 32 | 64): Insn =>
  insn(CLASS.ALU | SOURCE_REG | END_CODE, { dst, imm: bits })
/** To little-endian: clears the bits above. */
export const toLittleEndian = (dst: number, bits: 16 | 32 | 64): Insn => insn(CLASS.ALU | END_CODE, { dst, imm: bits })
/** Unconditional swap (v4). */
export const byteSwap = (dst: number, bits: 16 | 32 | 64): Insn => insn(CLASS.ALU64 | END_CODE, { dst, imm: bits })

// memory

export function load(bits: Bits, dst: number, src: number, off: number): Insn {
  return insn(CLASS.LDX | MODE.MEM | SIZE[bits], { dst, src, off })
}
/** Sign-extending load (v4). */
export function loadSigned(bits: 8 | 16 | 32, dst: number, src: number, off: number): Insn {
  return insn(CLASS.LDX | MODE.MEMSX | SIZE[bits], { dst, src, off })
}
export function storeReg(bits: Bits, dst: number, off: number, src: number): Insn {
  return insn(CLASS.STX | MODE.MEM | SIZE[bits], { dst, off, src })
}
export function storeImm(bits: Bits, dst: number, off: number, imm: number): Insn {
  return insn(CLASS.ST | MODE.MEM | SIZE[bits], { dst, off, imm })
}

export interface AtomicFields {
  readonly dst: number
  readonly off: number
  readonly src: number
  /** The old value comes back in src; always so for xchg, and in r0 for cmpxchg. */
  readonly fetch?: boolean
}
export function atomic(op: AtomicName, bits: Width, fields: AtomicFields): Insn {
  const { fetch, ...operands } = fields
  const always = op === 'xchg' || op === 'cmpxchg'
  return insn(CLASS.STX | MODE.ATOMIC | SIZE[bits], {
    ...operands,
    imm: ATOMIC_CODE[op] | (fetch || always ? FETCH : 0),
  })
}

// 64-bit immediates

/** Two slots. */
export function ldImm64(dst: number, value: bigint): Insn {
  const imm = Number(BigInt.asIntN(32, value))
  return insn(LD_IMM64, { dst, imm, immHigh: Number(BigInt.asIntN(32, value >> 32n)) })
}
export function ldMapFd(dst: number, fd: number): Insn {
  return insn(LD_IMM64, { dst, src: PSEUDO.MAP_FD, imm: fd, immHigh: 0 })
}
/** Address inside the first value of a map. */
export function ldMapValue(dst: number, fd: number, offset: number): Insn {
  return insn(LD_IMM64, { dst, src: PSEUDO.MAP_VALUE, imm: fd, immHigh: offset })
}

// jumps and calls; offsets in slots from the next instruction

export const jump = (off: number): Insn => insn(CLASS.JMP | JA_CODE, { off })
/** 32-bit distance (v4). */
export const jumpLong = (imm: number): Insn => insn(CLASS.JMP32 | JA_CODE, { imm })

/** Jumps when the hidden loop budget is used up (v4, kernel 6.9). */
export const mayGoto = (off: number): Insn => insn(CLASS.JMP | MAY_GOTO_CODE, { off })

export interface BranchFields {
  readonly width: Width
  readonly dst: number
  readonly off: number
}
export function branchImm(pred: Pred, fields: BranchFields, imm: number): Insn {
  return insn(jumpClass(fields.width) | JUMP_CODE[pred], { dst: fields.dst, imm, off: fields.off })
}
export function branchReg(pred: Pred, fields: BranchFields, src: number): Insn {
  return insn(jumpClass(fields.width) | SOURCE_REG | JUMP_CODE[pred], { dst: fields.dst, src, off: fields.off })
}
export const jumpImm = (pred: Pred, dst: number, imm: number, off: number): Insn =>
  branchImm(pred, { width: 64, dst, off }, imm)
export const jumpReg = (pred: Pred, dst: number, src: number, off: number): Insn =>
  branchReg(pred, { width: 64, dst, off }, src)
export const jump32Imm = (pred: Pred, dst: number, imm: number, off: number): Insn =>
  branchImm(pred, { width: 32, dst, off }, imm)
export const jump32Reg = (pred: Pred, dst: number, src: number, off: number): Insn =>
  branchReg(pred, { width: 32, dst, off }, src)

/** Helper by name or by number. */
export function call(helper: HelperName | number): Insn {
  return insn(CLASS.JMP | CALL_CODE, { imm: typeof helper === 'number' ? helper : helperId(helper) })
}
/** Function of the same program; slots from the next instruction. */
export const callLocal = (imm: number): Insn => insn(CLASS.JMP | CALL_CODE, { src: PSEUDO.CALL, imm })
export const exit = (): Insn => insn(CLASS.JMP | EXIT_CODE)
