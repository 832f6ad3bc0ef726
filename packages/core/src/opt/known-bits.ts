/**
 * Known bits of a value: which bits are 0 or 1 in every execution. Computed on demand, backwards through at most a few
 * instructions, so that it needs no invalidation and stays cheap. Pointers are unknown.
 *
 * Two degrees of trust: the kernel's verifier knows less than the machine does. It forgets everything at div, mod,
 * bswap, shifts by a register, atomics and helper results (kernel/bpf/verifier.c, adjust_scalar_min_max_vals; 6.18), so a
 * mask behind one of them may be what makes an index acceptable.
 *
 *   v1 = load.8 p       ; zero = ~0xff
 *   v2 = shl.64 v1, 8   ; zero = ~0xff00
 */
import { MASK64, truncate } from '../arith/alu.ts'
import type { Inst } from '../ssa/inst.ts'
import { helperRow } from './effects.ts'

export interface KnownBits {
  /** Bits that are certainly 0. */
  readonly zero: bigint
  /** Bits that are certainly 1. */
  readonly one: bigint
}

const UNKNOWN: KnownBits = { zero: 0n, one: 0n }
const DEPTH = 6

/** Who must be able to see it. */
export type Trust = 'verifier' | 'machine'

export function knownBits(inst: Inst, trust: Trust = 'verifier', depth = DEPTH): KnownBits {
  if (inst.op === 'const') return constantBits(inst.attr.value)
  if (inst.type !== 'int' || depth === 0) return UNKNOWN
  if (trust === 'verifier' && isOpaque(inst)) return UNKNOWN
  const of = (index: number): KnownBits => knownBits(inst.args[index]!, trust, depth - 1)
  switch (inst.op) {
    case 'load':
      return above(inst.attr.bits)
    case 'atomic':
      return above(inst.attr.bits)
    case 'cmp':
      return above(1)
    case 'call': {
      const ret = helperRow(inst)?.ret
      return ret?.kind === 'int' && ret.bits === 32 && !ret.signed ? above(32) : UNKNOWN
    }
    case 'zext':
      return low(of(0), inst.attr.bits)
    case 'sext':
      return signExtended(of(0), inst.attr.bits)
    case 'bswap':
      return swapped(of(0), inst.attr.bits)
    case 'and':
    case 'or':
    case 'xor':
      return cut(bitwise(inst.op, of(0), of(1)), inst.attr.width)
    case 'shl':
    case 'lshr':
    case 'ashr':
      return shifted(inst, of(0))
    case 'add':
      return cut(sum(of(0), of(1), inst.attr.width), inst.attr.width)
    case 'umod':
      return cut(remainder(of(0), inst.args[1]!), inst.attr.width)
    case 'udiv':
      // The quotient is never longer than the dividend.
      return above(bitLength(MASK64 & ~low(of(0), inst.attr.width).zero))
    case 'phi':
      return inst.args.map((arg) => knownBits(arg, trust, Math.max(0, depth - 2))).reduce(both)
    default:
      return 'width' in inst.attr && inst.attr.width === 32 ? above(32) : UNKNOWN
  }
}

/** Largest value that is possible. */
export function unsignedMax(bits: KnownBits): bigint {
  return MASK64 & ~bits.zero
}

/** Smallest value that is possible. */
export function unsignedMin(bits: KnownBits): bigint {
  return bits.one
}

/** The upper half is 0. */
export function fitsWord(inst: Inst, trust: Trust = 'verifier'): boolean {
  return unsignedMax(knownBits(inst, trust)) <= 0xffff_ffffn
}

/** The verifier takes the result for any number. */
function isOpaque(inst: Inst): boolean {
  switch (inst.op) {
    case 'udiv':
    case 'umod':
    case 'sdiv':
    case 'smod':
    case 'bswap':
    case 'atomic':
    case 'call':
    case 'invoke':
    case 'arg':
    case 'asm':
      return true
    case 'shl':
    case 'lshr':
    case 'ashr':
      return inst.args[1]!.op !== 'const'
    default:
      return false
  }
}

/**
 * The value may decide whether the verifier accepts something: an offset of a pointer, a size or other helper argument,
 * the program's result. Then a mask must stay although it changes no bit.
 */
export function feedsBounds(value: Inst): boolean {
  const seen = new Set<Inst>([value])
  for (const inst of seen) {
    for (const user of inst.uses) {
      if (user.type === 'ptr' || user.op === 'call' || user.op === 'invoke' || user.op === 'ret' || user.op === 'asm')
        return true
      if (user.op === 'store' || user.op === 'atomic') {
        // Stack memory keeps bounds; other memory does not.
        if (user.args[0] !== inst && user.args[0]!.op === 'slot') return true
      } else if (user.type === 'int' && user.op !== 'cmp') {
        seen.add(user)
      }
    }
  }
  return false
}

function constantBits(value: bigint): KnownBits {
  return { zero: MASK64 & ~value, one: value }
}

/** Zero from bit `bits` up. */
function above(bits: number): KnownBits {
  return { zero: MASK64 & ~((1n << BigInt(bits)) - 1n), one: 0n }
}

function low(bits: KnownBits, width: number): KnownBits {
  return { zero: bits.zero | above(width).zero, one: truncate(bits.one, width) }
}

/** Result of an op of that width. */
function cut(bits: KnownBits, width: 32 | 64): KnownBits {
  return width === 64 ? bits : low(bits, width)
}

function both(a: KnownBits, b: KnownBits): KnownBits {
  return { zero: a.zero & b.zero, one: a.one & b.one }
}

function bitwise(op: 'and' | 'or' | 'xor', a: KnownBits, b: KnownBits): KnownBits {
  switch (op) {
    case 'and':
      return { zero: a.zero | b.zero, one: a.one & b.one }
    case 'or':
      return { zero: a.zero & b.zero, one: a.one | b.one }
    case 'xor':
      return { zero: (a.zero & b.zero) | (a.one & b.one), one: (a.zero & b.one) | (a.one & b.zero) }
  }
}

function signExtended(bits: KnownBits, from: number): KnownBits {
  const sign = 1n << BigInt(from - 1)
  const high = above(from).zero
  const kept = { zero: truncate(bits.zero, from), one: truncate(bits.one, from) }
  if (bits.zero & sign) return { zero: kept.zero | high, one: kept.one }
  return bits.one & sign ? { zero: kept.zero, one: kept.one | high } : kept
}

function swapped(bits: KnownBits, width: 16 | 32 | 64): KnownBits {
  const swap = (mask: bigint): bigint => {
    let result = 0n
    for (let i = 0; i < width; i += 8) result = (result << 8n) | ((mask >> BigInt(i)) & 0xffn)
    return result
  }
  return { zero: swap(bits.zero) | above(width).zero, one: swap(bits.one) }
}

function shifted(inst: Extract<Inst, { op: 'shl' | 'lshr' | 'ashr' }>, left: KnownBits): KnownBits {
  const { width } = inst.attr
  const [, right] = inst.args
  if (right?.op !== 'const') return inst.op === 'lshr' ? above(bitLength(unsignedMax(low(left, width)))) : above(width)
  const count = right.attr.value & BigInt(width - 1)
  const value = low(left, width)
  const all = (1n << BigInt(width)) - 1n
  switch (inst.op) {
    case 'shl':
      return {
        zero: above(width).zero | truncate(left.zero << count, width) | ((1n << count) - 1n),
        one: truncate(left.one << count, width),
      }
    case 'lshr':
      return { zero: above(width).zero | (value.zero >> count) | (all & ~(all >> count)), one: value.one >> count }
    case 'ashr': {
      const sign = 1n << BigInt(width - 1)
      if (!(left.zero & sign)) return above(width)
      return { zero: above(width).zero | (value.zero >> count) | (all & ~(all >> count)), one: value.one >> count }
    }
  }
}

/** Trailing bits that are zero in both stay so; the length grows by at most one. */
function sum(a: KnownBits, b: KnownBits, width: 32 | 64): KnownBits {
  const max = unsignedMax(low(a, width)) + unsignedMax(low(b, width))
  const trailing = trailingOnes(a.zero & b.zero)
  return { zero: ((1n << trailing) - 1n) | (max > MASK64 ? 0n : above(bitLength(max)).zero), one: 0n }
}

function remainder(a: KnownBits, divisor: Inst): KnownBits {
  const length = bitLength(unsignedMax(a))
  if (divisor.op !== 'const' || divisor.attr.value === 0n) return above(length)
  return above(Math.min(length, bitLength(divisor.attr.value - 1n)))
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

function trailingOnes(mask: bigint): bigint {
  let count = 0n
  while (count < 64n && (mask >> count) & 1n) count++
  return count
}
