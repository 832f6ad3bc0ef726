/**
 * Rules for conditions, shared by `cmp` and `br`: a rule turns one condition into an equal one, or into a constant.
 *
 *   bswap.16 x == 0x0800        ->  x == 0x0008
 *   (x < y) != 0                ->  x < y
 *   (x & m) != 0                ->  x set m
 *
 * Verifier: comparisons of pointers keep their shape and width; only a constant moves to the right. That keeps the null
 * tests and packet bounds checks that kernel/bpf/verifier.c (check_cond_jmp_op, try_match_pkt_pointers; 6.18) looks for.
 */
import { byteSwap, compare, truncate } from '../../arith/alu.ts'
import type { Inst, InstOf } from '../../ssa/inst.ts'
import { INVERSE_PRED, type Pred, SWAPPED_PRED } from '../../tables/ir-ops.ts'
import { fitsWord, knownBits, unsignedMax, unsignedMin } from '../known-bits.ts'
import { swappedOperand } from './bswap.ts'
import type { RuleContext } from './rule.ts'
import { constantOf, fitsImmediate, hasJump32, hasOneUse } from './rule.ts'

export interface Condition {
  readonly pred: Pred
  readonly width: 32 | 64
  readonly a: Inst
  readonly b: Inst
  /** The condition holds when the comparison does not (only `set` needs it, which has no opposite). */
  readonly negated?: boolean
}

export type ConditionRule = (condition: Condition, cx: RuleContext) => Condition | boolean | undefined

const UNSIGNED: Partial<Record<Pred, Pred>> = { slt: 'ult', sle: 'ule', sgt: 'ugt', sge: 'uge' }

const isEquality = (pred: Pred): boolean => pred === 'eq' || pred === 'ne'
const isNumber = ({ a, b }: Condition): boolean => a.type === 'int' && b.type === 'int'

/** c1 pred c2  ->  true, false;  c pred x  ->  x pred' c */
const constants: ConditionRule = ({ pred, width, a, b }) => {
  if (a.op !== 'const') return undefined
  if (b.op === 'const') return compare(pred, a.attr.value, b.attr.value, width)
  return { pred: SWAPPED_PRED[pred], width, a: b, b: a }
}

/** The address of an element of a map is never null. */
const notNull: ConditionRule = ({ pred, width, a, b }) => {
  if (a.op !== 'mapValue' || width !== 64 || !isEquality(pred) || constantOf(b) !== 0n) return undefined
  return pred === 'ne'
}

/** x pred x;  conditions that the known bits of both sides decide */
const decided: ConditionRule = (condition) => {
  const { pred, width, a, b } = condition
  if (!isNumber(condition)) return undefined
  if (a === b && pred !== 'set') return compare(pred, 0n, 0n, width)
  const x = knownBits(a)
  const y = knownBits(b)
  const mask = (1n << BigInt(width)) - 1n
  if (isEquality(pred) && ((x.zero & y.one) | (x.one & y.zero)) & mask) return pred === 'ne'
  if (pred === 'set') {
    if ((unsignedMax(x) & unsignedMax(y) & mask) === 0n) return false
    return (x.one & y.one & mask) !== 0n ? true : undefined
  }
  if (unsignedMax(x) > mask || unsignedMax(y) > mask) return undefined
  switch (pred) {
    case 'ult':
    case 'uge':
      if (unsignedMax(x) < unsignedMin(y)) return pred === 'ult'
      return unsignedMin(x) >= unsignedMax(y) ? pred === 'uge' : undefined
    case 'ule':
    case 'ugt':
      if (unsignedMax(x) <= unsignedMin(y)) return pred === 'ule'
      return unsignedMin(x) > unsignedMax(y) ? pred === 'ugt' : undefined
    default:
      return undefined
  }
}

/** x <s y  ->  x <u y  where neither is negative */
const signless: ConditionRule = (condition) => {
  const unsigned = UNSIGNED[condition.pred]
  if (!unsigned || !isNumber(condition)) return undefined
  const limit = condition.width === 32 ? 0x7fff_ffffn : 0x7fff_ffff_ffff_ffffn
  if (unsignedMax(knownBits(condition.a)) > limit || unsignedMax(knownBits(condition.b)) > limit) return undefined
  return { ...condition, pred: unsigned }
}

/** x < 1, x <= 0  ->  x == 0;  x > 0, x >= 1  ->  x != 0 */
const aroundZero: ConditionRule = (condition, cx) => {
  const value = constantOf(condition.b, condition.width)
  if (value === undefined || value > 1n || !isNumber(condition)) return undefined
  const found = {
    ult: [undefined, 'eq'],
    ule: ['eq', undefined],
    ugt: ['ne', undefined],
    uge: [undefined, 'ne'],
  } as const
  const pred = condition.pred in found ? found[condition.pred as keyof typeof found][Number(value)] : undefined
  if (!pred) return undefined
  return { ...condition, pred, b: cx.constant(0n) }
}

/** (x pred y) != 0  ->  x pred y;  (x pred y) == 0  ->  the opposite */
const ofComparison: ConditionRule = ({ pred, a, b }) => {
  if (a.op !== 'cmp' || !isEquality(pred)) return undefined
  const value = constantOf(b)
  if (value !== 0n && value !== 1n) return undefined
  return inner(a, (pred === 'ne') === (value === 0n))
}

function inner(a: InstOf<'cmp'>, holds: boolean): Condition {
  const condition = { pred: a.attr.pred, width: a.attr.width, a: a.args[0]!, b: a.args[1]! }
  if (holds) return condition
  const opposite = INVERSE_PRED[condition.pred]
  return opposite ? { ...condition, pred: opposite } : { ...condition, negated: true }
}

/** (x & m) != 0  ->  x set m;  zext.8 x != 0  ->  x set 0xff */
const ofMask: ConditionRule = ({ pred, width, a, b }, cx) => {
  if (!isEquality(pred) || constantOf(b, width) !== 0n || !hasOneUse(a)) return undefined
  const negated = pred === 'eq'
  const set = (mask: Inst, of: 32 | 64): Condition => ({ pred: 'set', width: of, a: a.args[0]!, b: mask, negated })
  if (a.op === 'and' && a.args.every((arg) => arg.type === 'int')) {
    if (a.attr.width === 32 && !hasJump32(cx)) return undefined
    return set(a.args[1]!, a.attr.width === 32 || width === 32 ? 32 : 64)
  }
  if (a.op === 'zext' && a.attr.bits !== 32 && a.args[0]!.type === 'int')
    return set(cx.constant(a.attr.bits === 8 ? 0xffn : 0xffffn), 64)
  return undefined
}

/** bswap x == c  ->  x == bswap c;  bswap x == bswap y  ->  x == y;  bswap x set m  ->  x set bswap m */
const ofSwap: ConditionRule = (condition, cx) => {
  const { pred, width, a, b } = condition
  if (a.op !== 'bswap' || a.attr.bits > width || !(isEquality(pred) || pred === 'set')) return undefined
  const { bits } = a.attr
  if (b.op === 'bswap' && b.attr.bits === bits && pred !== 'set') {
    return { ...condition, a: swappedOperand(a, cx), b: swappedOperand(b, cx) }
  }
  const value = constantOf(b, width)
  if (value === undefined) return undefined
  const fits = truncate(value, bits) === value
  if (!fits && pred !== 'set') return pred === 'ne'
  const swapped = byteSwap(value, bits)
  // Compared as 32 bits, every 32-bit constant is an immediate.
  const narrow = bits === 32 && hasJump32(cx)
  if (!narrow && !fitsImmediate(swapped) && fitsImmediate(value) && bits !== 64) return undefined
  return {
    ...condition,
    width: narrow ? 32 : width,
    a: narrow || pred === 'set' ? a.args[0]! : swappedOperand(a, cx),
    b: cx.constant(swapped),
  }
}

/** (bswap x & m) == c  ->  (x & bswap m) == bswap c */
const ofMaskedSwap: ConditionRule = (condition, cx) => {
  const { pred, a, b } = condition
  if (!isEquality(pred) || a.op !== 'and' || a.args[0]!.op !== 'bswap' || !hasOneUse(a)) return undefined
  const swap = a.args[0]!
  const { bits } = swap.attr
  const mask = constantOf(a.args[1], a.attr.width)
  const value = constantOf(b, condition.width)
  if (mask === undefined || value === undefined || value === 0n || bits > 16 || truncate(value, bits) !== value)
    return undefined
  const masked = cx.make('and', { width: 64 }, [swap.args[0]!, cx.constant(byteSwap(truncate(mask, bits), bits))])
  return { ...condition, a: masked, b: cx.constant(byteSwap(value, bits)) }
}

/** x + c1 == c2  ->  x == c2 - c1 */
const ofSum: ConditionRule = (condition, cx) => {
  const { pred, width, a, b } = condition
  if (!isEquality(pred) || !isNumber(condition) || a.op !== 'add' || a.attr.width !== width) return undefined
  const added = constantOf(a.args[1])
  const value = constantOf(b)
  if (added === undefined || value === undefined || a.args[0]!.type !== 'int') return undefined
  return { ...condition, a: a.args[0]!, b: cx.constant(BigInt.asUintN(64, BigInt.asIntN(width, value - added))) }
}

/** x - y == 0, x ^ y == 0  ->  x == y */
const ofDifference: ConditionRule = (condition) => {
  const { pred, width, a, b } = condition
  if (!isEquality(pred) || (a.op !== 'sub' && a.op !== 'xor') || a.attr.width !== width) return undefined
  if (constantOf(b, width) !== 0n || a.args.some((arg) => arg.type !== 'int')) return undefined
  return { ...condition, a: a.args[0]!, b: a.args[1]! }
}

/** zext.32 x pred.64 y  ->  x pred.32 y  where y has no upper half either, and pred is unsigned */
const narrowed: ConditionRule = (condition, cx) => {
  const { pred, width, a, b } = condition
  if (width !== 64 || !hasJump32(cx) || !isNumber(condition) || pred in UNSIGNED) return undefined
  // An extension with other uses may be an index; this comparison must then bound the extended value.
  const strip = (value: Inst): Inst =>
    value.op === 'zext' && value.attr.bits === 32 && hasOneUse(value) ? value.args[0]! : value
  const stripped = { ...condition, width: 32 as const, a: strip(a), b: strip(b) }
  const big = b.op === 'const' && !fitsImmediate(b.attr.value)
  if ((stripped.a === a && stripped.b === b && !big) || stripped.a.type !== 'int' || stripped.b.type !== 'int')
    return undefined
  return fitsWord(a, 'machine') && fitsWord(b, 'machine') ? stripped : undefined
}

export const CONDITION_RULES: readonly ConditionRule[] = [
  constants,
  notNull,
  decided,
  signless,
  aroundZero,
  ofComparison,
  ofMask,
  ofSwap,
  ofMaskedSwap,
  ofSum,
  ofDifference,
  narrowed,
]
