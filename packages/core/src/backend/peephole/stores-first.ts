/**
 * A constant that is chosen in each predecessor and then stored to the frame is stored there instead:
 *
 *   A: r1 = 2 ; goto M            A: *(r10 - 8) = 2 ; goto M
 *   B: r1 = 3                ->   B: *(r10 - 8) = 3
 *   M: *(r10 - 8) = r1            M: ...
 */

import { CLASS } from '../../tables/opcodes.ts'
import { storeImmOpcode } from '../encoding.ts'
import type { MachBlock, MachFunc, MachInst, Reg } from '../mach.ts'
import { FRAME_REG, mach, physDefs, physUses, predecessors } from '../mach.ts'
import { fitsImmediate } from '../remat.ts'
import type { KnownAt } from './known-constants.ts'
import type { PhysLiveness } from './phys-liveness.ts'
import { liveAtEnd, liveAtStart, liveBefore } from './phys-liveness.ts'

export function storeConstantsFirst(fn: MachFunc, knownAtEnd: KnownAt): void {
  const preds = predecessors(fn)
  const live = liveAtStart(fn)
  for (const block of fn.blocks) {
    const store = block.insts[0]
    const from = preds.get(block)!
    if (!store || from.length < 2 || from.some((pred) => pred.succs.length > 1)) continue
    if (!isFrameStore(store) || !isLastUse(block, live, store.src)) continue
    const setters = from.map((pred) => findSetter(pred, store.src))
    const values = from.map((pred) => knownAtEnd(pred, store.src))
    const bits = bitsOf(store)
    if (setters.some((at) => at < 0)) continue
    if (!values.every((value) => value !== undefined && (bits < 64 || fitsImmediate(value, 64)))) continue
    from.forEach((pred, i) => {
      pred.insts[setters[i]!] = immediateStore(store, bits, values[i]!, pred.insts[setters[i]!]!)
    })
    block.insts.shift()
  }
}

const bitsOf = (store: MachInst): 8 | 16 | 32 | 64 => ([32, 16, 8, 64] as const)[(store.opcode >> 3) & 3]!

function isFrameStore(inst: MachInst): boolean {
  return (inst.opcode & 0xe7) === (0x60 | CLASS.STX) && inst.dst === FRAME_REG && !inst.raw
}

/** The register is dead after the block's first instruction. */
function isLastUse(block: MachBlock, live: PhysLiveness, reg: Reg): boolean {
  let after = liveAtEnd(block, live)
  for (let at = block.insts.length - 1; at > 0; at--) after = liveBefore(block.insts[at]!, after)
  return ((after >> reg) & 1) === 0
}

/**
 * Index of the instruction that gives the register its value for the end of the block, when nothing reads it, and
 * nothing uses the frame, in between.
 */
function findSetter(block: MachBlock, reg: Reg): number {
  for (let at = block.insts.length - 1; at >= 0; at--) {
    const inst = block.insts[at]!
    if ((physDefs(inst) >> reg) & 1) return (inst.opcode & 0xf0) === 0xb0 && inst.dst === reg && !inst.raw ? at : -1
    const usesFrame = inst.slot !== undefined || inst.dst === FRAME_REG || inst.src === FRAME_REG
    if ((physUses(inst) >> reg) & 1 || usesFrame || inst.clobbers !== 0) return -1
  }
  return -1
}

function immediateStore(store: MachInst, bits: 8 | 16 | 32 | 64, value: bigint, setter: MachInst): MachInst {
  const imm = Number(bits < 32 ? BigInt.asUintN(bits, value) : BigInt.asIntN(32, value))
  const { slot, off, space } = store
  return mach(storeImmOpcode(bits), { dst: FRAME_REG, off, imm, slot, space, span: setter.span })
}
