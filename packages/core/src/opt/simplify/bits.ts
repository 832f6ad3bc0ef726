/** Rules for masks and extensions. The canonical form of a mask 0xff, 0xffff or 0xffff_ffff is `zext`. */
import { MASK64, signExtend, truncate } from '../../arith/alu.ts'
import type { Inst, InstOf } from '../../ssa/inst.ts'
import { demandedBits } from '../demanded-bits.ts'
import { feedsBounds, fitsWord, knownBits, unsignedMax } from '../known-bits.ts'
import { asBinary } from './arith.ts'
import type { Rule } from './rule.ts'
import { constantOf, fitsImmediate, hasOneUse } from './rule.ts'

const low = (bits: number): bigint => (1n << BigInt(bits)) - 1n

/** Largest value of `x`, as far as the mask `masking` of it may rely on it. */
function largest(x: Inst, masking: Inst): bigint {
  const certain = unsignedMax(knownBits(x))
  const possible = unsignedMax(knownBits(x, 'machine'))
  return possible === certain || feedsBounds(masking) ? certain : possible
}

/** x & m  ->  x  where every bit outside m is 0 anyway;  x & 0xff  ->  zext.8 x */
const mask: Rule = (inst, cx) => {
  if (inst.op !== 'and') return undefined
  const [x] = inst.args
  const value = constantOf(inst.args[1], inst.attr.width)
  if (value === undefined || x!.type !== 'int') return undefined
  if ((largest(x!, inst) & ~value) === 0n) return x
  for (const bits of [8, 16, 32] as const) if (value === low(bits)) return cx.make('zext', { bits }, [x!])
  return undefined
}

/** (x & c1) & zext  and  zext(x & c1)  ->  x & c;  zext.a(zext.b x)  ->  zext.min x */
const zeroExtension: Rule = (inst, cx) => {
  if (inst.op !== 'zext') return undefined
  const { bits } = inst.attr
  const [x] = inst.args
  if (x!.op === 'const') return cx.constant(truncate(x!.attr.value, bits))
  if (x!.type === 'int' && largest(x!, inst) <= low(bits)) return x
  switch (x!.op) {
    case 'zext':
      return cx.make('zext', { bits: Math.min(x!.attr.bits, bits) as 8 | 16 | 32 }, [x!.args[0]!])
    case 'sext':
      return x!.attr.bits >= bits ? cx.make('zext', { bits }, [x!.args[0]!]) : undefined
    case 'and': {
      const value = constantOf(x!.args[1])
      if (value === undefined) return undefined
      return cx.make('and', { width: 64 }, [x!.args[0]!, cx.constant(value & low(bits))])
    }
    default:
      return undefined
  }
}

/** zext.32(x op.64 y)  ->  x op.32 y  where the low half of the result depends on the low halves alone */
const narrowUnderExtension: Rule = (inst, cx) => {
  if (inst.op !== 'zext' || inst.attr.bits !== 32) return undefined
  const inner = inst.args[0]!
  const binary = asBinary(inner)
  if (binary?.attr.width !== 64 || !hasOneUse(inner)) return undefined
  if (inner.args.some((arg) => arg.type !== 'int')) return undefined
  switch (binary.op) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'and':
    case 'or':
    case 'xor':
      return cx.make(binary.op, { width: 32 }, inner.args)
    case 'shl': {
      const count = constantOf(inner.args[1])
      return count !== undefined && count < 32n ? cx.make('shl', { width: 32 }, inner.args) : undefined
    }
    default:
      return undefined
  }
}

/** sext x  ->  x  where the sign bit and all above are 0;  sext.a(sext.b x)  ->  sext.min x */
const signExtension: Rule = (inst, cx) => {
  if (inst.op !== 'sext') return undefined
  const { bits } = inst.attr
  const [x] = inst.args
  if (x!.op === 'const') return cx.constant(signExtend(x!.attr.value, bits))
  if (x!.type === 'int' && largest(x!, inst) <= low(bits - 1)) return x
  switch (x!.op) {
    case 'sext':
      return x!.attr.bits <= bits ? x : cx.make('sext', { bits }, [x!.args[0]!])
    case 'zext':
      return x!.attr.bits >= bits ? cx.make('sext', { bits }, [x!.args[0]!]) : undefined
    default:
      return undefined
  }
}

/** (x << k) >> k  ->  x & low bits;  (x >> k) << k  ->  x & high bits */
const shiftPair: Rule = (inst, cx) => {
  if (inst.op !== 'lshr' && inst.op !== 'shl') return undefined
  const inner = inst.args[0]!
  if (inner.op !== (inst.op === 'lshr' ? 'shl' : 'lshr')) return undefined
  const { width } = inst.attr
  const count = constantOf(inst.args[1])
  if (count === undefined || count >= BigInt(width) || constantOf(inner.args[1]) !== count) return undefined
  if ((inner as InstOf<'shl'>).attr.width !== width) return undefined
  const all = low(width)
  const kept = inst.op === 'lshr' ? all >> count : (all >> count) << count
  // A mask that is no 32-bit immediate would cost more than the two shifts.
  if (width === 64 && kept !== low(32) && kept > 0x7fff_ffffn && kept < MASK64 - 0x7fff_ffffn) return undefined
  return cx.make('and', { width }, [inner.args[0]!, cx.constant(kept)])
}

/** x op.64 c  ->  x op.32 c  where c is an immediate only as 32 bits, and the upper half of the result is the same or unread */
const narrowConstant: Rule = (inst, cx) => {
  const binary = asBinary(inst)
  const value = inst.args[1]
  if (binary?.attr.width !== 64 || value?.op !== 'const' || fitsImmediate(value.attr.value)) return undefined
  if (!['add', 'sub', 'mul', 'and', 'or', 'xor'].includes(binary.op) || inst.args[0]!.type !== 'int') return undefined
  const upperSame = value.attr.value <= low(32) && (inst.op === 'and' || fitsWord(inst.args[0]!, 'machine'))
  const bitwise = inst.op === 'and' || inst.op === 'or' || inst.op === 'xor'
  if (!(bitwise && upperSame) && demandedBits(inst) > low(32)) return undefined
  return cx.make(binary.op, { width: 32 }, [inst.args[0]!, cx.constant(signExtend(value.attr.value, 32))])
}

export const BITS_RULES: readonly Rule[] = [
  narrowConstant,
  mask,
  zeroExtension,
  narrowUnderExtension,
  signExtension,
  shiftPair,
]
