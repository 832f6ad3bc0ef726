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
import { escapedSlots } from '../ssa/alias.ts'
import { postorder } from '../ssa/cfg.ts'
import type { Func } from '../ssa/func.ts'
import type { SlotLiveness } from '../ssa/slot-liveness.ts'
import { liveBefore, slotLiveness, touchesBySlot, writtenBytes } from '../ssa/slot-liveness.ts'
import type { Pass } from './pass.ts'

export const dse: Pass = {
  name: 'dse',
  run(fn) {
    const order = postorder(fn)
    let changed = false
    for (const [slot, touching] of touchesBySlot(fn, escapedSlots(fn))) {
      changed = removeDead(fn, slotLiveness(slot, order, touching)) || changed
    }
    return changed ? 'insts' : false
  },
}

function removeDead(fn: Func, { slot, touching, liveOut }: SlotLiveness): boolean {
  let removed = false
  for (const [block, insts] of touching) {
    let live = liveOut(block)
    for (const inst of [...insts].reverse()) {
      const written = writtenBytes(inst, slot)
      if (written !== undefined && (written & live) === 0n) {
        fn.removeInst(inst)
        removed = true
      } else {
        live = liveBefore(inst, slot, live)
      }
    }
  }
  return removed
}
