/**
 * Opcode bytes as the backend composes them (RFC 9669, section 3): class, operation and size of each SSA op.
 *
 *   alu, jmp:    operation (4 bits) | source: 0 immediate, 8 register | class (3 bits)
 *   load, store: mode (3 bits) | size (2 bits) | class (3 bits)
 */
import type { BinaryOpName, Pred } from '../tables/ir-ops.ts'
import type { IntBits } from '../types/types.ts'

export const CLASS = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, JMP32: 6, ALU64: 7 } as const
export const SOURCE_REG = 8

const MODE_MEM = 0x60
const MODE_ATOMIC = 0xc0
const SIZE: Record<IntBits, number> = { 8: 0x10, 16: 0x08, 32: 0x00, 64: 0x18 }

/** Signed division and modulo are the unsigned ones with offset 1 (cpu v4). */
export const ALU_CODE: Record<BinaryOpName, number> = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  udiv: 0x30,
  sdiv: 0x30,
  or: 0x40,
  and: 0x50,
  shl: 0x60,
  lshr: 0x70,
  umod: 0x90,
  smod: 0x90,
  xor: 0xa0,
  ashr: 0xc0,
}

export const JUMP_CODE: Record<Pred, number> = {
  eq: 0x10,
  ugt: 0x20,
  uge: 0x30,
  set: 0x40,
  ne: 0x50,
  sgt: 0x60,
  sge: 0x70,
  ult: 0xa0,
  ule: 0xb0,
  slt: 0xc0,
  sle: 0xd0,
}

/** The predicate that holds exactly when this one does not. `set` has none. */
export const INVERSE: Record<Pred, Pred | undefined> = {
  eq: 'ne',
  ne: 'eq',
  ult: 'uge',
  uge: 'ult',
  ule: 'ugt',
  ugt: 'ule',
  slt: 'sge',
  sge: 'slt',
  sle: 'sgt',
  sgt: 'sle',
  set: undefined,
}

/** The predicate with its operands exchanged. */
export const SWAPPED: Record<Pred, Pred> = {
  eq: 'eq',
  ne: 'ne',
  ult: 'ugt',
  ugt: 'ult',
  ule: 'uge',
  uge: 'ule',
  slt: 'sgt',
  sgt: 'slt',
  sle: 'sge',
  sge: 'sle',
  set: 'set',
}

export const OP = {
  /** 64-bit move of a register. */
  MOV: 0xbf,
  MOV_IMM: 0xb7,
  /** 32-bit moves zero-extend. */
  MOV32: 0xbc,
  MOV32_IMM: 0xb4,
  NEG: 0x87,
  NEG32: 0x84,
  /** BPF_END, to big-endian: on a little-endian machine it swaps, and clears what lies above. */
  SWAP: 0xdc,
  ADD_IMM: 0x07,
  JUMP: 0x05,
  /** Jump with a 32-bit offset in `imm` (cpu v4). */
  JUMP_LONG: 0x06,
  CALL: 0x85,
  EXIT: 0x95,
} as const

/** Functions of atomic instructions, in `imm`; xchg and cmpxchg always fetch. */
export const ATOMIC_CODE = { add: 0x00, or: 0x40, and: 0x50, xor: 0xa0, xchg: 0xe1, cmpxchg: 0xf1 } as const
export const ATOMIC_FETCH = 1

export const aluOpcode = (op: BinaryOpName, width: 32 | 64): number =>
  ALU_CODE[op] | (width === 64 ? CLASS.ALU64 : CLASS.ALU)
export const jumpOpcode = (pred: Pred, width: 32 | 64): number =>
  JUMP_CODE[pred] | (width === 64 ? CLASS.JMP : CLASS.JMP32)
export const loadOpcode = (bits: IntBits): number => MODE_MEM | SIZE[bits] | CLASS.LDX
export const storeOpcode = (bits: IntBits): number => MODE_MEM | SIZE[bits] | CLASS.STX
export const storeImmOpcode = (bits: IntBits): number => MODE_MEM | SIZE[bits] | CLASS.ST
export const atomicOpcode = (bits: 32 | 64): number => MODE_ATOMIC | SIZE[bits] | CLASS.STX

const PRED_OF = new Map(Object.entries(JUMP_CODE).map(([pred, code]) => [code, pred as Pred]))

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
