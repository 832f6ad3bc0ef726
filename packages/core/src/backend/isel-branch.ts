/** Selection of comparisons: conditional jumps at every instruction set level, and comparisons as values. */
import type { Inst, InstOf } from '../ssa/inst.ts'
import { INVERSE_PRED, type Pred, SWAPPED_PRED } from '../tables/ir-ops.ts'
import { SOURCE_REG } from '../tables/opcodes.ts'
import { atLeast } from './cpu.ts'
import { aluOpcode, jumpOpcode, OP } from './encoding.ts'
import type { IselContext } from './isel-context.ts'
import { copyOf, emit, emitConst, newBlock, newReg, resultReg, valueReg } from './isel-context.ts'
import type { MachBlock, Reg } from './mach.ts'
import { isNumberWhenZero } from './pointer-space.ts'
import { fitsImmediate } from './remat.ts'
import { fitsUnsigned } from './widths.ts'

export interface Condition {
  readonly pred: Pred
  readonly width: 32 | 64
  readonly left: Inst
  readonly right: Inst
}

/** Ends the current block: to `taken` when the condition holds, else to `other`. */
export function emitBranch(cx: IselContext, condition: Condition, taken: MachBlock, other: MachBlock): void {
  const { pred, width, left, right } = canonical(condition)
  const operands = atLeast(cx.cpu, 'v3') ? modernOperands(pred, width, left, right) : wideOperands(pred, width)
  const dst = operands.extend ? extended(cx, left, operands.extend) : valueReg(cx, left)
  const immediate = right.op === 'const' ? immediateOf(right.attr.value, operands.width, operands.extend) : undefined
  const src =
    immediate !== undefined ? undefined : operands.extend ? extended(cx, right, operands.extend) : valueReg(cx, right)
  const keepsPointer = isNumberWhenZero(left) ? undefined : true
  finishBranch(cx, { pred, width: operands.width, dst, src, imm: immediate ?? 0, keepsPointer }, [taken, other])
}

/** Constants to the right. */
function canonical(condition: Condition): Condition {
  const { pred, width, left, right } = condition
  if (left.op !== 'const' || right.op === 'const') return condition
  return { pred: SWAPPED_PRED[pred], width, left: right, right: left }
}

type Extend = 'zero' | 'sign'
interface Operands {
  readonly width: 32 | 64
  /** How a 32-bit operand must be widened first. */
  readonly extend?: Extend
}

const isSigned = (pred: Pred): boolean => pred[0] === 's' && pred !== 'set'

function modernOperands(pred: Pred, width: 32 | 64, left: Inst, right: Inst): Operands {
  // A constant from 2^31 up has no 64-bit immediate form, but a 32-bit one when the other side has no high bits.
  const narrow =
    width === 64 &&
    right.op === 'const' &&
    !fitsImmediate(right.attr.value, 64) &&
    right.attr.value >> 32n === 0n &&
    !isSigned(pred) &&
    fitsUnsigned(left, 32)
  return { width: narrow ? 32 : width }
}

/** Before v3 there are only 64-bit jumps. */
function wideOperands(pred: Pred, width: 32 | 64): Operands {
  if (width === 64) return { width }
  return { width: 64, extend: isSigned(pred) ? 'sign' : 'zero' }
}

function immediateOf(value: bigint, width: 32 | 64, extend: Extend | undefined): number | undefined {
  const low = extend ? BigInt.asUintN(32, value) : value
  const full = extend === 'sign' ? BigInt.asIntN(32, low) : low
  return fitsImmediate(full, width) ? Number(BigInt.asIntN(32, full)) : undefined
}

function extended(cx: IselContext, value: Inst, extend: Extend): Reg {
  if (value.op === 'const') {
    const reg = newReg(cx)
    const low = BigInt.asUintN(32, value.attr.value)
    emitConst(cx, reg, extend === 'sign' ? BigInt.asUintN(64, BigInt.asIntN(32, low)) : low)
    return reg
  }
  if (extend === 'zero') {
    if (fitsUnsigned(value, 32)) return valueReg(cx, value)
    const reg = newReg(cx)
    emit(cx, OP.MOV32, { dst: reg, src: valueReg(cx, value) })
    return reg
  }
  if (fitsUnsigned(value, 31)) return valueReg(cx, value)
  const reg = copyOf(cx, value)
  signExtend(cx, reg, 32)
  return reg
}

/** In place, by a pair of shifts. */
export function signExtend(cx: IselContext, reg: Reg, bits: number): void {
  emit(cx, aluOpcode('shl', 64), { dst: reg, imm: 64 - bits })
  emit(cx, aluOpcode('ashr', 64), { dst: reg, imm: 64 - bits })
}

export interface RegCondition {
  readonly pred: Pred
  readonly width: 32 | 64
  readonly dst: Reg
  readonly src: Reg | undefined
  readonly imm: number
  readonly keepsPointer?: true | undefined
}

const MISSING_IN_V1: ReadonlySet<Pred> = new Set(['ult', 'ule', 'slt', 'sle'])

/** v1 lacks the "less" jumps: the opposite condition goes to the other target. */
export function finishBranch(cx: IselContext, condition: RegCondition, targets: [MachBlock, MachBlock]): void {
  const { dst, src, imm, width, keepsPointer } = condition
  const flip = cx.cpu === 'v1' && MISSING_IN_V1.has(condition.pred)
  const opcode = jumpOpcode(flip ? INVERSE_PRED[condition.pred]! : condition.pred, width)
  if (src === undefined) emit(cx, opcode, { dst, imm, keepsPointer })
  else emit(cx, opcode | SOURCE_REG, { dst, src })
  cx.block.succs = flip ? [targets[1], targets[0]] : targets
}

/** `a pred b` as 0 or 1: preset 1, skip the reset when the condition holds. */
export function selectCmp(cx: IselContext, inst: InstOf<'cmp'>): void {
  const reset = newBlock(cx)
  const done = newBlock(cx)
  const result = resultReg(cx, inst)
  const [left, right] = inst.args as [Inst, Inst]
  emit(cx, OP.MOV_IMM, { dst: result, imm: 1 })
  emitBranch(cx, { ...inst.attr, left, right }, done, reset)
  cx.block = reset
  emit(cx, OP.MOV_IMM, { dst: result, imm: 0 })
  reset.succs = [done]
  cx.block = done
}
