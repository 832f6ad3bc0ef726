/**
 * Dead store elimination on the stack: a store whose bytes nothing reads before they are written again, or before the
 * program ends, is removed.
 *   in:  valid SSA
 *   out: every store to a slot that does not escape is read on some path
 *
 *   store.64 s0+0, v1        ; removed
 *   store.64 s0+0, v2
 *   v3 = call map_lookup_elem m, s0
 *
 * Backward data flow over the bytes of each slot, kept as bit masks. Verifier: a helper that reads a slot needs every byte
 * of it written; calls count as reading the whole slot, so those stores stay.
 */
import { escapedSlots, placeOf, pointsInto } from '../ssa/alias.ts'
import { postorder } from '../ssa/cfg.ts'
import type { Block, Func, Inst, Slot } from '../ssa/func.ts'
import type { Pass } from './pass.ts'

export const dse: Pass = {
  name: 'dse',
  run(fn) {
    const escaped = escapedSlots(fn)
    let changed = false
    for (const slot of fn.slots) if (!escaped.has(slot) && hasStore(fn, slot)) changed = cleanSlot(fn, slot) || changed
    return changed ? 'insts' : false
  },
}

function hasStore(fn: Func, slot: Slot): boolean {
  return fn.blocks.some((block) => block.insts.some((inst) => inst.op === 'store' && slotOf(inst) === slot))
}

function slotOf(inst: Extract<Inst, { op: 'store' }>): Slot | undefined {
  const { root } = placeOf(inst)
  return root.op === 'slot' ? root.attr.slot : undefined
}

function cleanSlot(fn: Func, slot: Slot): boolean {
  const order = postorder(fn)
  const liveIn = new Map<Block, bigint>()
  const liveOut = (block: Block): bigint => block.succs.reduce((live, succ) => live | (liveIn.get(succ) ?? 0n), 0n)
  for (let changed = true; changed; ) {
    changed = false
    for (const block of order) {
      let live = liveOut(block)
      for (const inst of [...block.insts].reverse()) live = before(inst, slot, live)
      if (live !== liveIn.get(block)) {
        liveIn.set(block, live)
        changed = true
      }
    }
  }
  let removed = false
  for (const block of order) {
    let live = liveOut(block)
    for (const inst of [...block.insts].reverse()) {
      const written = writtenBytes(inst, slot)
      if (written !== undefined && (written & live) === 0n) {
        fn.removeInst(inst)
        removed = true
      } else {
        live = before(inst, slot, live)
      }
    }
  }
  return removed
}

const bytes = (offset: number, count: number): bigint => ((1n << BigInt(count)) - 1n) << BigInt(offset)
const whole = (slot: Slot): bigint => bytes(0, slot.size)

/** Bytes that the store certainly writes; undefined when it is no store to the slot, or to an unknown place in it. */
function writtenBytes(inst: Inst, slot: Slot): bigint | undefined {
  if (inst.op !== 'store' || slotOf(inst) !== slot) return undefined
  const { offset, bytes: count } = placeOf(inst)
  return offset === undefined || offset < 0 ? undefined : bytes(offset, count)
}

/** Live bytes in front of an instruction, from those behind it. */
function before(inst: Inst, slot: Slot, live: bigint): bigint {
  const written = writtenBytes(inst, slot)
  if (written !== undefined) return live & ~written
  switch (inst.op) {
    case 'load':
    case 'atomic': {
      if (!pointsInto(inst.args[0]!, slot)) return live
      const { root, offset, bytes: count } = placeOf(inst)
      return root.op === 'slot' && offset !== undefined && offset >= 0 ? live | bytes(offset, count) : whole(slot)
    }
    case 'call':
    case 'asm':
      return inst.args.some((arg) => pointsInto(arg, slot)) || inst.op === 'asm' ? whole(slot) : live
    default:
      return live
  }
}
