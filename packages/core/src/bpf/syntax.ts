/**
 * Symbols of the assembler language, for the disassembler and the assembler: the pseudo-C of `llvm-objdump -d`, with
 * decimal numbers.
 */
import type { BinaryOpName, Pred } from '../tables/ir-ops.ts'
import { type AtomicName, IMM64_SOURCE, type Imm64Of } from '../tables/opcodes.ts'

export const BINARY_SYMBOLS = {
  add: '+=',
  sub: '-=',
  mul: '*=',
  udiv: '/=',
  umod: '%=',
  sdiv: 's/=',
  smod: 's%=',
  and: '&=',
  or: '|=',
  xor: '^=',
  shl: '<<=',
  lshr: '>>=',
  ashr: 's>>=',
} as const satisfies Record<BinaryOpName, string>

export const PRED_SYMBOLS = {
  eq: '==',
  ne: '!=',
  ult: '<',
  ule: '<=',
  ugt: '>',
  uge: '>=',
  slt: 's<',
  sle: 's<=',
  sgt: 's>',
  sge: 's>=',
  set: '&',
} as const satisfies Record<Pred, string>

/** Atomics that are written as an assignment when the old value is not fetched. */
export const LOCK_SYMBOLS = { add: '+=', or: '|=', and: '&=', xor: '^=' } as const satisfies Partial<
  Record<AtomicName, string>
>

/** Key of a table by its value. */
export function keyOf<T extends string>(table: Readonly<Record<T, string | number>>, value: string | number): T {
  const found = Object.entries(table).find(([, v]) => v === value)
  if (!found) throw new RangeError(`no entry ${value}`)
  return found[0] as T // a key of the table
}

export const imm64Of = (src: number): Imm64Of => keyOf(IMM64_SOURCE, src)

/** ` + 8` or ` - 8`, as in an address. */
export function offsetText(offset: number): string {
  return offset < 0 ? ` - ${-offset}` : ` + ${offset}`
}

/** `+3` or `-3`, as in a jump. */
export function distanceText(distance: number): string {
  return distance < 0 ? String(distance) : `+${distance}`
}
