/**
 * Demanded bits: which bits of a value anyone looks at, over a few instructions. The counterpart of known-bits.ts; what
 * feeds a pointer, a call or the result is demanded whole, so the verifier's bounds never depend on undemanded bits.
 *
 *   v2 = zext.16 v1           ; only 16 bits of v3 are stored, so 16 bits of v2 are demanded: v1 does as well
 *   v3 = add.64 v2, v0
 *   store.16 p, v3
 */
import { MASK64 } from '../arith/alu.ts'
import type { Inst } from '../ssa/inst.ts'

const DEPTH = 5
const low = (bits: number | bigint): bigint => (1n << BigInt(bits)) - 1n

/** Bits of `value` that its users read. */
export function demandedBits(value: Inst, depth = DEPTH): bigint {
  let bits = 0n
  for (const user of value.uses) {
    bits |= readBits(user, value, depth)
    if (bits === MASK64) break
  }
  return bits
}

/** Bits of its operand `value` that one user reads. */
export function readBits(user: Inst, value: Inst, depth = DEPTH): bigint {
  const result = (): bigint => (depth > 0 ? demandedBits(user, depth - 1) : MASK64)
  const [a, b] = user.args
  switch (user.op) {
    case 'store':
      return a === value ? MASK64 : low(user.attr.bits)
    case 'zext':
      return result() & low(user.attr.bits)
    case 'sext': {
      const wanted = result()
      return wanted >> BigInt(user.attr.bits - 1) === 0n ? wanted : low(user.attr.bits)
    }
    case 'bswap':
      return low(user.attr.bits)
    case 'cmp':
    case 'br':
      return low(user.attr.width) & (user.attr.pred === 'set' ? otherConstant(a!, b!, value) : MASK64)
    case 'and':
      return low(user.attr.width) & result() & otherConstant(a!, b!, value)
    case 'or':
    case 'xor':
      return low(user.attr.width) & result()
    case 'add':
    case 'sub':
    case 'mul':
      // Carries only go up.
      return user.type === 'int' ? low(user.attr.width) & low(result().toString(2).length) : MASK64
    case 'shl':
    case 'lshr': {
      if (b!.op !== 'const' || a !== value || b === value) return MASK64
      const count = b!.attr.value & BigInt(user.attr.width - 1)
      const wanted = result() & low(user.attr.width)
      return low(user.attr.width) & (user.op === 'shl' ? wanted >> count : wanted << count)
    }
    case 'phi':
      return result()
    default:
      return MASK64
  }
}

/** The mask that the other operand is, or all bits. */
function otherConstant(a: Inst, b: Inst, value: Inst): bigint {
  return a === value && b !== value && b.op === 'const' ? b.attr.value : MASK64
}
