/** Selection of arithmetic: two-address form, immediates, extensions, signed division at every level. */
import type { Inst, InstOf } from '../ssa/inst.ts'
import type { BinaryOpName } from '../tables/ir-ops.ts'
import { OPS } from '../tables/ir-ops.ts'
import { SOURCE_REG } from '../tables/opcodes.ts'
import { atLeast } from './cpu.ts'
import { aluOpcode, OP } from './encoding.ts'
import { finishBranch, signExtend } from './isel-branch.ts'
import type { IselContext } from './isel-context.ts'
import { copyInto, copyOf, emit, newBlock, newReg, resultReg, valueReg } from './isel-context.ts'
import type { Reg } from './mach.ts'
import { fitsImmediate, rematOf } from './remat.ts'
import { fitsUnsigned } from './widths.ts'

type Binary = InstOf<BinaryOpName>

export function selectBinary(cx: IselContext, inst: Binary): void {
  if ((inst.op === 'sdiv' || inst.op === 'smod') && !atLeast(cx.cpu, 'v4')) {
    expandSignedDivision(cx, inst)
    return
  }
  const [left, right] = operandOrder(inst)
  const dst = resultReg(cx, inst)
  const off = inst.op === 'sdiv' || inst.op === 'smod' ? 1 : 0
  const width = widthOf(inst, left, right)
  const opcode = aluOpcode(inst.op, width)
  const imm = immediateOf(inst.op, width, right)
  // The right register first: making it must not come between the copy and the operation.
  const src = imm === undefined ? valueReg(cx, right) : undefined
  copyInto(cx, dst, left)
  if (src === undefined) emit(cx, opcode, { dst, imm: imm!, off })
  else emit(cx, opcode | SOURCE_REG, { dst, src, off })
}

/** The left operand is copied: a constant goes to the right, and a value that dies here to the left. */
function operandOrder(inst: Binary): [Inst, Inst] {
  const [left, right] = inst.args as [Inst, Inst]
  if (!('commutes' in OPS[inst.op])) return [left, right]
  if (right.op === 'const') return [left, right]
  if (left.op === 'const') return [right, left]
  if (rematOf(right)) return [left, right]
  return left.uses.size > 1 && right.uses.size === 1 ? [right, left] : [left, right]
}

/**
 * A mask from 2^31 up has no 64-bit immediate form. The 32-bit operation gives the same when the upper half of the result
 * is 0 anyway: always for `and`, for `or` and `xor` when the other operand has no high bits.
 */
function widthOf({ op, attr }: Binary, left: Inst, right: Inst): 32 | 64 {
  if (right.op !== 'const' || right.attr.value >> 32n !== 0n || fitsImmediate(right.attr.value, 64)) return attr.width
  const fits = op === 'and' || ((op === 'or' || op === 'xor') && fitsUnsigned(left, 32))
  return fits ? 32 : attr.width
}

function immediateOf(op: BinaryOpName, width: 32 | 64, right: Inst): number | undefined {
  if (right.op !== 'const') return undefined
  const value = right.attr.value
  if (op === 'shl' || op === 'lshr' || op === 'ashr') return Number(value & BigInt(width - 1))
  // The verifier refuses a division by the immediate 0, not by a register that is 0.
  const isDivision = op === 'udiv' || op === 'umod' || op === 'sdiv' || op === 'smod'
  if (isDivision && BigInt.asUintN(width, value) === 0n) return undefined
  return fitsImmediate(value, width) ? Number(BigInt.asIntN(32, value)) : undefined
}

export function selectNeg(cx: IselContext, inst: InstOf<'neg'>): void {
  const dst = resultReg(cx, inst)
  copyInto(cx, dst, inst.args[0]!)
  emit(cx, inst.attr.width === 64 ? OP.NEG : OP.NEG32, { dst })
}

export function selectBswap(cx: IselContext, inst: InstOf<'bswap'>): void {
  const dst = resultReg(cx, inst)
  copyInto(cx, dst, inst.args[0]!)
  emit(cx, OP.SWAP, { dst, imm: inst.attr.bits })
}

export function selectZext(cx: IselContext, inst: InstOf<'zext'>): void {
  const value = inst.args[0]!
  const bits = inst.attr.bits
  if (fitsUnsigned(value, bits) && !rematOf(value)) {
    cx.regs.set(inst, valueReg(cx, value))
    return
  }
  const dst = resultReg(cx, inst)
  if (bits === 32) {
    emit(cx, OP.MOV32, { dst, src: valueReg(cx, value) })
    return
  }
  copyInto(cx, dst, value)
  emit(cx, aluOpcode('and', 32), { dst, imm: bits === 8 ? 0xff : 0xffff })
}

export function selectSext(cx: IselContext, inst: InstOf<'sext'>): void {
  const dst = resultReg(cx, inst)
  if (atLeast(cx.cpu, 'v4')) {
    emit(cx, OP.MOV, { dst, src: valueReg(cx, inst.args[0]!), off: inst.attr.bits })
    return
  }
  copyInto(cx, dst, inst.args[0]!)
  signExtend(cx, dst, inst.attr.bits)
}

/**
 * Divides the magnitudes and gives the result its sign: that of both operands for a quotient, that of the dividend for
 * a remainder. The zero divisor and the most negative number come out as RFC 9669 wants without special cases.
 * 32-bit operands are sign-extended and divided as 64-bit numbers, which works at every level.
 */
function expandSignedDivision(cx: IselContext, inst: Binary): void {
  const [left, right] = inst.args as [Inst, Inst]
  const wide = (value: Inst): Reg => {
    const reg = copyOf(cx, value)
    if (inst.attr.width === 32) signExtend(cx, reg, 32)
    return reg
  }
  const dividend = wide(left)
  const divisor = wide(right)
  const sign = newReg(cx)
  emit(cx, OP.MOV, { dst: sign, src: dividend })
  if (inst.op === 'sdiv') emit(cx, aluOpcode('xor', 64) | SOURCE_REG, { dst: sign, src: divisor })
  negateWhenNegative(cx, dividend, dividend)
  negateWhenNegative(cx, divisor, divisor)
  emit(cx, aluOpcode(inst.op, 64) | SOURCE_REG, { dst: dividend, src: divisor })
  negateWhenNegative(cx, dividend, sign)
  const result = resultReg(cx, inst)
  emit(cx, inst.attr.width === 32 ? OP.MOV32 : OP.MOV, { dst: result, src: dividend })
}

function negateWhenNegative(cx: IselContext, reg: Reg, sign: Reg): void {
  const negate = newBlock(cx)
  const done = newBlock(cx)
  finishBranch(cx, { pred: 'sge', width: 64, dst: sign, src: undefined, imm: 0 }, [done, negate])
  cx.block = negate
  emit(cx, OP.NEG, { dst: reg })
  negate.succs = [done]
  cx.block = done
}
