/**
 * The only arithmetic in the project: exact BPF semantics (RFC 9669, section 4) on bigints in 0 .. 2^64-1. Folding, the
 * VM's reference path and the verifier all call these, so that they cannot disagree. Width 32 reads the low halves and
 * zero-extends.
 */
export type Width = 32 | 64
export type AluFn = (a: bigint, b: bigint, width: Width) => bigint

export const MASK64 = 0xffff_ffff_ffff_ffffn
export const MASK32 = 0xffff_ffffn

/** Low `bits` bits. */
export const truncate = (a: bigint, bits: number): bigint => BigInt.asUintN(bits, a)
/** Low `bits` bits read as signed, as a 64-bit register value. */
export const signExtend = (a: bigint, bits: number): bigint => BigInt.asUintN(64, BigInt.asIntN(bits, a))
/** The register value as a signed number. */
export const signed = (a: bigint, width: Width): bigint => BigInt.asIntN(width, a)

const wrap = (f: (a: bigint, b: bigint, width: Width) => bigint): AluFn => {
  return (a, b, width) => BigInt.asUintN(width, f(BigInt.asUintN(width, a), BigInt.asUintN(width, b), width))
}
/** Shift counts are masked to the width (5 or 6 bits). */
const count = (b: bigint, width: Width): bigint => b & BigInt(width - 1)

export const alu = {
  add: wrap((a, b) => a + b),
  sub: wrap((a, b) => a - b),
  mul: wrap((a, b) => a * b),
  /** Division by zero gives 0. */
  udiv: wrap((a, b) => (b === 0n ? 0n : a / b)),
  /** Modulo by zero leaves the dividend. */
  umod: wrap((a, b) => (b === 0n ? a : a % b)),
  /** Truncates toward zero; the most negative number by -1 wraps to itself. */
  sdiv: wrap((a, b, w) => (b === 0n ? 0n : signed(a, w) / signed(b, w))),
  smod: wrap((a, b, w) => (b === 0n ? a : signed(a, w) % signed(b, w))),
  and: wrap((a, b) => a & b),
  or: wrap((a, b) => a | b),
  xor: wrap((a, b) => a ^ b),
  shl: wrap((a, b, w) => a << count(b, w)),
  lshr: wrap((a, b, w) => a >> count(b, w)),
  ashr: wrap((a, b, w) => signed(a, w) >> count(b, w)),
} as const satisfies Record<string, AluFn>

/** Reverses the bytes of the low `bits` bits; the rest becomes 0. */
export function byteSwap(a: bigint, bits: 16 | 32 | 64): bigint {
  let result = 0n
  for (let i = 0; i < bits; i += 8) result = (result << 8n) | ((a >> BigInt(i)) & 0xffn)
  return result
}

type Predicate = 'eq' | 'ne' | 'ult' | 'ule' | 'ugt' | 'uge' | 'slt' | 'sle' | 'sgt' | 'sge' | 'set'

/** Exact meaning of the conditional jumps. */
export function compare(pred: Predicate, a: bigint, b: bigint, width: Width): boolean {
  const ua = BigInt.asUintN(width, a)
  const ub = BigInt.asUintN(width, b)
  const sa = BigInt.asIntN(width, a)
  const sb = BigInt.asIntN(width, b)
  switch (pred) {
    case 'eq':
      return ua === ub
    case 'ne':
      return ua !== ub
    case 'ult':
      return ua < ub
    case 'ule':
      return ua <= ub
    case 'ugt':
      return ua > ub
    case 'uge':
      return ua >= ub
    case 'slt':
      return sa < sb
    case 'sle':
      return sa <= sb
    case 'sgt':
      return sa > sb
    case 'sge':
      return sa >= sb
    case 'set':
      return (ua & ub) !== 0n
  }
}
