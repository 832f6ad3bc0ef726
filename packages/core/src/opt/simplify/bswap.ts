/**
 * Rules for byte swaps. Network byte order makes them the commonest arithmetic of packet programs, and most swaps of a
 * loaded field are compared with a constant, which can be swapped at compile time instead.
 */
import { byteSwap, truncate } from '../../arith/alu.ts'
import type { Inst, InstOf } from '../../ssa/inst.ts'
import { knownBits, unsignedMax } from '../known-bits.ts'
import type { Rule, RuleContext } from './rule.ts'
import { constantOf } from './rule.ts'

const low = (bits: number): bigint => (1n << BigInt(bits)) - 1n

/** What a swap reads: its operand without the bits above. */
export function swappedOperand(swap: InstOf<'bswap'>, cx: RuleContext): Inst {
  const [x] = swap.args
  const { bits } = swap.attr
  if (bits === 64 || (x!.type === 'int' && unsignedMax(knownBits(x!)) <= low(bits))) return x!
  return cx.make('zext', { bits }, [x!])
}

/** bswap c  ->  c';  bswap(bswap x)  ->  zext x */
const swapTwice: Rule = (inst, cx) => {
  if (inst.op !== 'bswap') return undefined
  const { bits } = inst.attr
  const [x] = inst.args
  if (x!.op === 'const') return cx.constant(byteSwap(x!.attr.value, bits))
  if (x!.op === 'bswap' && x!.attr.bits === bits) return swappedOperand(x!, cx)
  return undefined
}

/** bswap.b(zext.c x), bswap.b(x & m)  ->  bswap.b x  where c >= b, or m keeps the low b bits */
const swapOfExtension: Rule = (inst, cx) => {
  if (inst.op !== 'bswap') return undefined
  const { bits } = inst.attr
  const x = inst.args[0]!
  if ((x.op === 'zext' || x.op === 'sext') && x.attr.bits >= bits) return cx.make('bswap', { bits }, [x.args[0]!])
  if (x.op !== 'and') return undefined
  const value = constantOf(x.args[1])
  if (value === undefined || truncate(value, bits) !== low(bits) || x.attr.width < bits) return undefined
  return cx.make('bswap', { bits }, [x.args[0]!])
}

/** (bswap.32 x) >> 16  ->  bswap.16 x,  and alike */
const swapThenShift: Rule = (inst, cx) => {
  const [x, right] = inst.args
  if (inst.op !== 'lshr' || x?.op !== 'bswap' || x.attr.bits > inst.attr.width) return undefined
  const kept = BigInt(x.attr.bits) - (constantOf(right) ?? 0n)
  if (kept === BigInt(x.attr.bits) || (kept !== 16n && kept !== 32n)) return undefined
  return cx.make('bswap', { bits: Number(kept) as 16 | 32 }, [x.args[0]!])
}

export const BSWAP_RULES: readonly Rule[] = [swapTwice, swapOfExtension, swapThenShift]
