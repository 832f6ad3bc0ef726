/** Selection of loads, stores and atomics: addresses are a base register (or the frame) and a 16-bit offset. */
import { Abort } from '../diag/diagnostic.ts'
import type { Inst, InstOf, Slot } from '../ssa/inst.ts'
import type { CoreQuery } from '../types/core-query.ts'
import type { PtrSpace } from '../types/types.ts'
import { atLeast } from './cpu.ts'
import { ATOMIC_CODE, ATOMIC_FETCH, atomicOpcode, loadOpcode, OP, storeImmOpcode, storeOpcode } from './encoding.ts'
import type { IselContext } from './isel-context.ts'
import { copyInto, copyOf, emit, move, newReg, resultReg, valueReg } from './isel-context.ts'
import type { Reg } from './mach.ts'
import { FRAME_REG } from './mach.ts'
import { pointerSpace } from './pointer-space.ts'
import { coreSum, isCoreAddress, rematOf, smallConst, storesImmediate } from './remat.ts'

interface Address {
  readonly base: Reg
  readonly off: number
  readonly slot?: Slot | undefined
  readonly space: PtrSpace | undefined
  readonly core?: CoreQuery
  readonly raw?: true
}

type MemoryInst = InstOf<'load'> | InstOf<'store'> | InstOf<'atomic'>

function addressOf(cx: IselContext, inst: MemoryInst): Address {
  const ptr = inst.args[0]!
  const space = pointerSpace(ptr)
  const remat = rematOf(ptr)
  if (remat?.kind === 'lea') return { base: FRAME_REG, off: remat.offset + inst.attr.offset, slot: remat.slot, space }
  const sum = isCoreAddress(ptr) ? coreSum(ptr) : undefined
  if (sum) {
    const { query, value } = sum.offset.attr
    return { base: valueReg(cx, sum.base), off: Number(value), space, core: query, raw: true }
  }
  let base: Inst = ptr
  let off = inst.attr.offset
  if (cx.plan.folded.has(ptr)) {
    off += smallConst(ptr.args[1]!)!
    base = ptr.args[0]!
  }
  const rebased = cx.plan.rebased.get(base === ptr ? inst : ptr)
  if (rebased) return { base: valueReg(cx, rebased.base), off: off + rebased.delta, space }
  if (off >= -0x8000 && off <= 0x7fff) return { base: valueReg(cx, base), off, space }
  const far = copyOf(cx, base)
  emit(cx, OP.ADD_IMM, { dst: far, imm: off })
  return { base: far, off: 0, space }
}

export function selectLoad(cx: IselContext, inst: InstOf<'load'>): void {
  const { base, ...rest } = addressOf(cx, inst)
  emit(cx, loadOpcode(inst.attr.bits), { dst: resultReg(cx, inst), src: base, ...rest })
}

export function selectStore(cx: IselContext, inst: InstOf<'store'>): void {
  const value = inst.args[1]!
  const { bits } = inst.attr
  if (value.op === 'const' && storesImmediate(inst, value.attr.value)) {
    const { base, ...rest } = addressOf(cx, inst)
    // Narrow immediates are written unsigned: only their low bytes are stored.
    const imm = Number(bits < 32 ? BigInt.asUintN(bits, value.attr.value) : BigInt.asIntN(32, value.attr.value))
    emit(cx, storeImmOpcode(bits), { dst: base, imm, ...rest })
    return
  }
  const src = valueReg(cx, value)
  const { base, ...rest } = addressOf(cx, inst)
  emit(cx, storeOpcode(bits), { dst: base, src, ...rest })
}

export function selectAtomic(cx: IselContext, inst: InstOf<'atomic'>): void {
  const { op, bits, fetch } = inst.attr
  const fetches = op === 'xchg' || op === 'cmpxchg' || (fetch && inst.uses.size > 0)
  if ((fetches || op !== 'add') && !atLeast(cx.cpu, 'v3')) {
    throw new Abort('unsupported', inst.span, `atomic ${op}${fetches ? ' with a result' : ''} needs cpu v3 or later`, {
      hint: 'only an atomic add without a result exists before v3',
    })
  }
  const opcode = atomicOpcode(bits)
  if (op === 'cmpxchg') {
    const src = valueReg(cx, inst.args[2]!)
    const { base, ...rest } = addressOf(cx, inst)
    copyInto(cx, 0, inst.args[1]!)
    emit(cx, opcode, { dst: base, src, imm: ATOMIC_CODE.cmpxchg, uses: 1, defs: 1, ...rest })
    if (inst.uses.size > 0) move(cx, resultReg(cx, inst), 0)
    return
  }
  if (!fetches) {
    const src = valueReg(cx, inst.args[1]!)
    const { base, ...rest } = addressOf(cx, inst)
    emit(cx, opcode, { dst: base, src, imm: ATOMIC_CODE[op], ...rest })
    return
  }
  const { base, ...rest } = addressOf(cx, inst)
  const result = inst.uses.size > 0 ? resultReg(cx, inst) : newReg(cx)
  copyInto(cx, result, inst.args[1]!)
  emit(cx, opcode, { dst: base, src: result, imm: ATOMIC_CODE[op] | ATOMIC_FETCH, ...rest })
}
