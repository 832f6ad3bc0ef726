/**
 * Stack slots that are never in use at the same time become one, so that a program may have any number of map operations
 * in 512 bytes of stack.
 *   in:  valid SSA
 *   out: the same instructions on fewer slots
 *
 *   store.32 s0+0, v1;  call map_lookup_elem m, s0
 *   store.32 s1+0, v2;  call map_lookup_elem m, s1     =>    s0 again
 *
 * Only slots of one size and alignment meet. In use: from the first to the last instruction of a block that touches the
 * slot, and wherever bytes of it are live.
 */
import { escapedSlots } from '../ssa/alias.ts'
import { postorder } from '../ssa/cfg.ts'
import type { Func } from '../ssa/func.ts'
import type { Block, Inst, Slot } from '../ssa/inst.ts'
import type { SlotLiveness } from '../ssa/slot-liveness.ts'
import { slotLiveness, touchesBySlot } from '../ssa/slot-liveness.ts'
import type { Pass } from './pass.ts'

export const shareSlots: Pass = {
  name: 'share-slots',
  run(fn) {
    const order = postorder(fn)
    const position = new Map<Inst, number>()
    for (const block of fn.blocks) for (const [i, inst] of block.insts.entries()) position.set(inst, i)
    const homes: Home[] = []
    const moved = new Map<Slot, Slot>()
    for (const [slot, touching] of touchesBySlot(fn, escapedSlots(fn))) {
      const ranges = rangesOf(slotLiveness(slot, order, touching), order, position)
      const home = homes.find((each) => fits(each, slot, ranges))
      if (!home) {
        homes.push({ slot, ranges })
        continue
      }
      moved.set(slot, home.slot)
      addRanges(home.ranges, ranges)
    }
    return moveSlots(fn, moved) ? 'insts' : false
  },
}

/** First and last position in use, by block. */
type Ranges = Map<Block, (readonly [number, number])[]>

interface Home {
  readonly slot: Slot
  readonly ranges: Ranges
}

function rangesOf(
  { touching, liveIn, liveOut }: SlotLiveness,
  order: readonly Block[],
  position: ReadonlyMap<Inst, number>,
): Ranges {
  const ranges: Ranges = new Map()
  for (const block of order) {
    const touched = (touching.get(block) ?? []).map((inst) => position.get(inst)!)
    if (liveIn(block) !== 0n) touched.push(0)
    if (liveOut(block) !== 0n) touched.push(block.insts.length)
    if (touched.length > 0) ranges.set(block, [[Math.min(...touched), Math.max(...touched)]])
  }
  return ranges
}

function fits(home: Home, slot: Slot, ranges: Ranges): boolean {
  if (home.slot.size !== slot.size || home.slot.align !== slot.align) return false
  for (const [block, list] of ranges) {
    for (const [from, to] of list) {
      // Touching the end of one is the start of another counts as overlap; it costs nothing.
      if (home.ranges.get(block)?.some(([start, end]) => from <= end && start <= to)) return false
    }
  }
  return true
}

function addRanges(to: Ranges, from: Ranges): void {
  for (const [block, list] of from) to.set(block, [...(to.get(block) ?? []), ...list])
}

function moveSlots(fn: Func, moved: ReadonlyMap<Slot, Slot>): boolean {
  let changed = false
  for (const block of fn.blocks) {
    for (const inst of [...block.insts]) {
      const home = inst.op === 'slot' ? moved.get(inst.attr.slot) : undefined
      if (!home) continue
      fn.rewrite(inst, 'slot', { slot: home })
      changed = true
    }
  }
  return changed
}
