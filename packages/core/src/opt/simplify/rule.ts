/**
 * What a local rule is. A rule looks at one instruction and names a value that equals it: an existing one, or one that it
 * makes in front of the instruction. It never makes more instructions, or costlier ones, than it saves.
 */
import { truncate } from '../../arith/alu.ts'
import type { CompileOptions } from '../../options.ts'
import type { Func } from '../../ssa/func.ts'
import type { Inst, OpAttrs, SsaType } from '../../ssa/inst.ts'
import type { OpName } from '../../tables/ir-ops.ts'

export interface RuleContext {
  readonly fn: Func
  readonly options: CompileOptions
  /** New instruction in front of the one that is being simplified. */
  make<K extends OpName>(op: K, attr: OpAttrs[K], args?: readonly Inst[], type?: SsaType): Inst
  constant(value: bigint): Inst
}

export type Rule = (inst: Inst, cx: RuleContext) => Inst | undefined

/** The conditional jumps on 32-bit halves came with v3. */
export function hasJump32(cx: RuleContext): boolean {
  return cx.options.cpu === 'v3' || cx.options.cpu === 'v4'
}

/** Value of a constant operand as an op of that width reads it. */
export function constantOf(inst: Inst | undefined, width: 32 | 64 = 64): bigint | undefined {
  return inst?.op === 'const' ? truncate(inst.attr.value, width) : undefined
}

/** Sign-extended 32-bit immediates are what instructions hold; anything else costs a two-slot load. */
export function fitsImmediate(value: bigint): boolean {
  const signed = BigInt.asIntN(64, value)
  return signed >= -0x8000_0000n && signed <= 0x7fff_ffffn
}

/** Exponent, when the value is a power of two. */
export function log2(value: bigint): bigint | undefined {
  return value > 0n && (value & (value - 1n)) === 0n ? BigInt(value.toString(2).length - 1) : undefined
}

export function hasOneUse(inst: Inst): boolean {
  return inst.uses.size === 1
}
