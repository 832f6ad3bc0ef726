/**
 * Which values are known to have zero bits above a width, so that a zero-extension costs nothing: 32-bit operations,
 * loads and byte swaps zero-extend by themselves (RFC 9669, section 4.1).
 */
import { assertNever } from '../diag/diagnostic.ts'
import type { Inst } from '../ssa/inst.ts'
import { HELPERS } from '../tables/helpers/index.ts'
import type { HelperRow } from '../tables/helpers/row.ts'

/** Phis and chains are followed this far. */
const MAX_DEPTH = 6

/** True when every bit from `bits` upwards is 0. */
export function fitsUnsigned(value: Inst, bits: number, depth = 0): boolean {
  return significantBits(value, depth) <= bits
}

/** Upper bound for the number of low bits that may be set. */
export function significantBits(value: Inst, depth = 0): number {
  if (value.type === 'ptr' || depth > MAX_DEPTH) return 64
  const of = (i: number) => significantBits(value.args[i]!, depth + 1)
  switch (value.op) {
    case 'const':
      return value.attr.value.toString(2).length
    case 'load':
    case 'bswap':
      return value.attr.bits
    case 'zext':
      return Math.min(value.attr.bits, of(0))
    case 'cmp':
      return 1
    case 'atomic':
      return value.attr.bits
    case 'and':
      return Math.min(value.attr.width, of(0), of(1))
    case 'or':
    case 'xor':
      return Math.min(value.attr.width, Math.max(of(0), of(1)))
    case 'lshr':
      return Math.max(0, Math.min(value.attr.width, of(0)) - shiftCount(value.args[1]!, value.attr.width))
    case 'udiv':
    case 'umod':
      return Math.min(value.attr.width, of(0))
    case 'add':
    case 'sub':
    case 'mul':
    case 'sdiv':
    case 'smod':
    case 'shl':
    case 'ashr':
    case 'neg':
      return value.attr.width
    case 'phi':
      return Math.max(0, ...value.args.map((_, i) => of(i)))
    case 'call': {
      // Only results that the kernel defines as unsigned 32 bits are zero-extended by the helpers themselves.
      const ret = (HELPERS[value.attr.helper] as HelperRow).ret
      return ret.kind === 'int' && ret.bits === 32 && !ret.signed ? 32 : 64
    }
    case 'coreConst':
    case 'sext':
    case 'asm':
    case 'param':
    case 'arg':
    case 'funcRef':
    case 'invoke':
    case 'slot':
    case 'mapRef':
    case 'mapValue':
    case 'store':
    case 'br':
    case 'jump':
    case 'ret':
      return 64
    default:
      return assertNever(value)
  }
}

function shiftCount(value: Inst, width: 32 | 64): number {
  return value.op === 'const' ? Number(value.attr.value) & (width - 1) : 0
}
