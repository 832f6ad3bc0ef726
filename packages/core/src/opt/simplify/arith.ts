/** Rules for binary arithmetic: folding, identities, regrouping of constants, cheaper ops. Comments state the identity. */
import { MASK64, truncate } from '../../arith/alu.ts'
import type { Inst, InstOf } from '../../ssa/inst.ts'
import type { BinaryOpName } from '../../tables/ir-ops.ts'
import { rowOf } from '../effects.ts'
import { fitsWord, knownBits } from '../known-bits.ts'
import type { Rule, RuleContext } from './rule.ts'
import { constantOf, log2 } from './rule.ts'

type Binary = InstOf<BinaryOpName>

/** Ops whose row has `eval`. */
export function asBinary(inst: Inst): Binary | undefined {
  return rowOf(inst).eval ? (inst as unknown as Binary) : undefined
}

/** c1 op c2  ->  c */
const foldConstants: Rule = (inst, cx) => {
  const evaluate = rowOf(inst).eval
  const binary = asBinary(inst)
  const [a, b] = inst.args
  if (!evaluate || !binary || a?.op !== 'const' || b?.op !== 'const') return undefined
  return cx.constant(evaluate(a.attr.value, b.attr.value, binary.attr.width))
}

/** c op x  ->  x op c  where op commutes */
const constantRight: Rule = (inst, cx) => {
  const binary = asBinary(inst)
  const [a, b] = inst.args
  if (!binary || !rowOf(inst).commutes || a?.op !== 'const' || b?.op === 'const') return undefined
  return cx.make(binary.op, binary.attr, [b!, a], inst.type)
}

/** x op identity  ->  x  (a 32-bit op also clears the upper half) */
const identity: Rule = (inst, cx) => {
  const binary = asBinary(inst)
  const row = rowOf(inst)
  const [a, b] = inst.args
  if (!binary || row.identity === undefined || b?.op !== 'const') return undefined
  const { width } = binary.attr
  if (truncate(b.attr.value, width) !== truncate(row.identity, width)) return undefined
  return width === 64 ? a : lowHalf(a!, cx)
}

function lowHalf(value: Inst, cx: RuleContext): Inst | undefined {
  if (value.type !== 'int') return undefined
  return fitsWord(value) ? value : cx.make('zext', { bits: 32 }, [value])
}

/** x - x, x ^ x  ->  0;  x & x, x | x  ->  x;  x & 0, x * 0  ->  0;  x | -1  ->  -1 */
const absorption: Rule = (inst, cx) => {
  const binary = asBinary(inst)
  if (!binary || inst.args.some((arg) => arg.type !== 'int')) return undefined
  const { width } = binary.attr
  const [a, b] = inst.args
  const right = constantOf(b, width)
  const ones = truncate(MASK64, width)
  switch (inst.op) {
    case 'sub':
    case 'xor':
      return a === b ? cx.constant(0n) : undefined
    case 'and':
      if (a === b) return width === 64 ? a : lowHalf(a!, cx)
      return right === 0n ? cx.constant(0n) : undefined
    case 'or':
      if (a === b) return width === 64 ? a : lowHalf(a!, cx)
      return right === ones ? cx.constant(ones) : undefined
    case 'mul':
      return right === 0n ? cx.constant(0n) : undefined
    default:
      return undefined
  }
}

/** x - c  ->  x + -c,  so that constants regroup */
const subtractConstant: Rule = (inst, cx) => {
  if (inst.op !== 'sub' || inst.args[1]!.op !== 'const') return undefined
  const negated = BigInt.asUintN(inst.attr.width, -inst.args[1]!.attr.value)
  const value = inst.attr.width === 32 ? BigInt.asUintN(64, BigInt.asIntN(32, negated)) : negated
  return cx.make('add', inst.attr, [inst.args[0]!, cx.constant(value)], inst.type)
}

/** (x op c1) op c2  ->  x op (c1 op c2)  where op is associative */
const regroup: Rule = (inst, cx) => {
  const binary = asBinary(inst)
  const inner = inst.args[0]
  if (!binary || !rowOf(inst).commutes || inner?.op !== inst.op) return undefined
  const before = inner as unknown as Binary
  const [x, c1] = inner.args
  const c2 = inst.args[1]
  if (before.attr.width !== binary.attr.width || c1?.op !== 'const' || c2?.op !== 'const') return undefined
  const combined = rowOf(inst).eval!(c1.attr.value, c2.attr.value, 64)
  const value = binary.attr.width === 32 ? BigInt.asUintN(64, BigInt.asIntN(32, combined)) : combined
  return cx.make(binary.op, binary.attr, [x!, cx.constant(value)], inst.type)
}

/** (x shift c1) shift c2  ->  x shift (c1 + c2) */
const regroupShifts: Rule = (inst, cx) => {
  if (inst.op !== 'shl' && inst.op !== 'lshr') return undefined
  const [inner, right] = inst.args
  if (inner?.op !== inst.op || inner.attr.width !== inst.attr.width) return undefined
  const { width } = inst.attr
  const first = constantOf(inner.args[1])
  const second = constantOf(right)
  if (first === undefined || second === undefined) return undefined
  const mask = BigInt(width - 1)
  const total = (first & mask) + (second & mask)
  if (total >= BigInt(width)) return cx.constant(0n)
  return cx.make(inst.op, inst.attr, [inner.args[0]!, cx.constant(total)])
}

/** x * 2^k -> x << k;  x / 2^k -> x >> k;  x % 2^k -> x & (2^k - 1);  x * -1 -> -x */
const powerOfTwo: Rule = (inst, cx) => {
  if (inst.op !== 'mul' && inst.op !== 'udiv' && inst.op !== 'umod') return undefined
  const { width } = inst.attr
  const [x, right] = inst.args
  const value = constantOf(right, width)
  if (value === undefined || x!.type !== 'int') return undefined
  if (inst.op === 'mul' && value === truncate(MASK64, width)) return cx.make('neg', { width }, [x!])
  const power = log2(value)
  if (power === undefined) return undefined
  switch (inst.op) {
    case 'mul':
      return cx.make('shl', { width }, [x!, cx.constant(power)])
    case 'udiv':
      return cx.make('lshr', { width }, [x!, cx.constant(power)])
    case 'umod':
      return cx.make('and', { width }, [x!, cx.constant(value - 1n)])
  }
}

/** A value all of whose bits are known is that constant. */
const allKnown: Rule = (inst, cx) => {
  const row = rowOf(inst)
  if (!row.pure || inst.type !== 'int' || inst.op === 'const') return undefined
  const { zero, one } = knownBits(inst)
  return (zero | one) === MASK64 ? cx.constant(one) : undefined
}

/** -(-x)  ->  x;  -c  ->  c' */
const negation: Rule = (inst, cx) => {
  if (inst.op !== 'neg') return undefined
  const { width } = inst.attr
  const [x] = inst.args
  if (x!.op === 'const') return cx.constant(BigInt.asUintN(width, -x!.attr.value))
  if (x!.op !== 'neg' || x!.attr.width !== width) return undefined
  return width === 64 ? x!.args[0] : lowHalf(x!.args[0]!, cx)
}

/** x + -y  ->  x - y;  x - -y  ->  x + y */
const addNegated: Rule = (inst, cx) => {
  if (inst.op !== 'add' && inst.op !== 'sub') return undefined
  const [x, y] = inst.args
  if (y?.op !== 'neg' || y.attr.width !== inst.attr.width) return undefined
  return cx.make(inst.op === 'add' ? 'sub' : 'add', inst.attr, [x!, y.args[0]!], inst.type)
}

export const ARITH_RULES: readonly Rule[] = [
  foldConstants,
  constantRight,
  identity,
  absorption,
  subtractConstant,
  regroup,
  regroupShifts,
  powerOfTwo,
  negation,
  addNegated,
  allKnown,
]
