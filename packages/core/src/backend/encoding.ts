/**
 * Opcode bytes as selection composes them from tables/opcodes: class, operation and size of each SSA op.
 */

import type { BinaryOpName, Pred } from '../tables/ir-ops.ts'
import {
  ALU_CODE,
  CALL_CODE,
  CLASS,
  END_CODE,
  EXIT_CODE,
  FETCH,
  JA_CODE,
  JUMP_CODE,
  MODE,
  MOV_CODE,
  NEG_CODE,
  SIZE,
  SOURCE_REG,
  ATOMIC_CODE as TABLE_ATOMIC_CODE,
} from '../tables/opcodes.ts'
import type { IntBits } from '../types/types.ts'

export const OP = {
  /** 64-bit move of a register. */
  MOV: CLASS.ALU64 | MOV_CODE | SOURCE_REG,
  MOV_IMM: CLASS.ALU64 | MOV_CODE,
  /** 32-bit moves zero-extend. */
  MOV32: CLASS.ALU | MOV_CODE | SOURCE_REG,
  MOV32_IMM: CLASS.ALU | MOV_CODE,
  NEG: CLASS.ALU64 | NEG_CODE,
  NEG32: CLASS.ALU | NEG_CODE,
  /** To big-endian: on a little-endian machine it swaps, and clears what lies above. */
  SWAP: CLASS.ALU | END_CODE | SOURCE_REG,
  ADD_IMM: CLASS.ALU64 | ALU_CODE.add,
  JUMP: CLASS.JMP | JA_CODE,
  /** Jump with a 32-bit offset in `imm` (cpu v4). */
  JUMP_LONG: CLASS.JMP32 | JA_CODE,
  CALL: CLASS.JMP | CALL_CODE,
  EXIT: CLASS.JMP | EXIT_CODE,
} as const

/** Functions of atomic instructions, in `imm`; xchg and cmpxchg always fetch. */
export const ATOMIC_CODE = {
  ...TABLE_ATOMIC_CODE,
  xchg: TABLE_ATOMIC_CODE.xchg | FETCH,
  cmpxchg: TABLE_ATOMIC_CODE.cmpxchg | FETCH,
} as const
export const ATOMIC_FETCH = FETCH

export const aluOpcode = (op: BinaryOpName, width: 32 | 64): number =>
  ALU_CODE[op] | (width === 64 ? CLASS.ALU64 : CLASS.ALU)
export const jumpOpcode = (pred: Pred, width: 32 | 64): number =>
  JUMP_CODE[pred] | (width === 64 ? CLASS.JMP : CLASS.JMP32)
export const loadOpcode = (bits: IntBits): number => MODE.MEM | SIZE[bits] | CLASS.LDX
export const storeOpcode = (bits: IntBits): number => MODE.MEM | SIZE[bits] | CLASS.STX
export const storeImmOpcode = (bits: IntBits): number => MODE.MEM | SIZE[bits] | CLASS.ST
export const atomicOpcode = (bits: 32 | 64): number => MODE.ATOMIC | SIZE[bits] | CLASS.STX

const PRED_OF: ReadonlyMap<number, Pred> = new Map(
  Object.entries(JUMP_CODE).map(([pred, code]) => [code, pred as Pred]),
)

export function isConditional(opcode: number): boolean {
  const kind = opcode & 7
  return (kind === CLASS.JMP || kind === CLASS.JMP32) && PRED_OF.has(opcode & 0xf0)
}

/** Predicate of a conditional jump's opcode. */
export function predOf(opcode: number): Pred {
  return PRED_OF.get(opcode & 0xf0)!
}

/** The opcode with another predicate, same width and source. */
export function withPred(opcode: number, pred: Pred): number {
  return (opcode & 0x0f) | JUMP_CODE[pred]
}

export function isAlu(opcode: number): boolean {
  return (opcode & 7) === CLASS.ALU || (opcode & 7) === CLASS.ALU64
}

/** Reads or writes memory. */
export function isMemory(opcode: number): boolean {
  const kind = opcode & 7
  return kind === CLASS.LDX || kind === CLASS.ST || kind === CLASS.STX
}
