/**
 * Which bytes of a stack slot are live: may still be read before they are written again or the program ends. Backward
 * data flow over bit masks, one slot at a time, over the instructions that touch the slot.
 */
import { memoryOf, placeOf, pointsInto, rootOf } from './alias.ts'
import type { Func } from './func.ts'
import type { Block, Inst, Slot } from './inst.ts'

/** Instructions that may read or write a slot, in order, by block. */
export type Touching = ReadonlyMap<Block, readonly Inst[]>

/** For every slot that is stored to and does not escape. Collected in one walk, since there may be many slots. */
export function touchesBySlot(fn: Func, escaped: ReadonlySet<Slot>): Map<Slot, Touching> {
  const stored = new Set<Slot>()
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      const slot = inst.op === 'store' ? slotOf(inst) : undefined
      if (slot && !escaped.has(slot)) stored.add(slot)
    }
  }
  const found = new Map([...stored].map((slot) => [slot, new Map<Block, Inst[]>()]))
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      for (const slot of touchedSlots(inst, stored)) {
        const lists = found.get(slot)!
        const list = lists.get(block)
        if (list) list.push(inst)
        else lists.set(block, [inst])
      }
    }
  }
  return found
}

function touchedSlots(inst: Inst, slots: ReadonlySet<Slot>): Slot[] {
  switch (inst.op) {
    case 'load':
    case 'store':
    case 'atomic':
    case 'call': {
      const addresses = (inst.op === 'call' ? inst.args : inst.args.slice(0, 1)).filter((arg) => arg.type === 'ptr')
      const roots = addresses.map((address) => rootOf(address).root)
      if (roots.every((root) => root.op === 'slot' || memoryOf(root) !== undefined)) {
        // Plain addresses name their slot; only the others need the slow question for every slot.
        const named = roots.flatMap((root) => (root.op === 'slot' ? [root.attr.slot] : []))
        if (roots.every((root) => root.op !== 'phi')) return [...new Set(named)].filter((slot) => slots.has(slot))
      }
      return [...slots].filter((slot) => addresses.some((address) => pointsInto(address, slot)))
    }
    case 'asm':
      return [...slots]
    default:
      return []
  }
}

function slotOf(inst: Extract<Inst, { op: 'store' }>): Slot | undefined {
  const { root } = placeOf(inst)
  return root.op === 'slot' ? root.attr.slot : undefined
}

export interface SlotLiveness {
  readonly slot: Slot
  readonly touching: Touching
  /** Bytes that are live at the start of a block, as a mask. */
  liveIn(block: Block): bigint
  liveOut(block: Block): bigint
}

/** `order`: postorder of the function. */
export function slotLiveness(slot: Slot, order: readonly Block[], touching: Touching): SlotLiveness {
  const start = new Map<Block, bigint>()
  const liveIn = (block: Block): bigint => start.get(block) ?? 0n
  const liveOut = (block: Block): bigint => block.succs.reduce((live, succ) => live | liveIn(succ), 0n)
  for (let changed = true; changed; ) {
    changed = false
    for (const block of order) {
      let live = liveOut(block)
      for (const inst of [...(touching.get(block) ?? [])].reverse()) live = liveBefore(inst, slot, live)
      if (live === liveIn(block)) continue
      start.set(block, live)
      changed = true
    }
  }
  return { slot, touching, liveIn, liveOut }
}

const bytes = (offset: number, count: number): bigint => ((1n << BigInt(count)) - 1n) << BigInt(offset)
const whole = (slot: Slot): bigint => bytes(0, slot.size)

/** Bytes that the store certainly writes; undefined when it is no store to the slot, or to an unknown place in it. */
export function writtenBytes(inst: Inst, slot: Slot): bigint | undefined {
  if (inst.op !== 'store' || slotOf(inst) !== slot) return undefined
  const { offset, bytes: count } = placeOf(inst)
  return offset === undefined || offset < 0 ? undefined : bytes(offset, count)
}

/** Live bytes in front of an instruction, from those behind it. */
export function liveBefore(inst: Inst, slot: Slot, live: bigint): bigint {
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
    case 'invoke':
    case 'asm':
      return inst.args.some((arg) => pointsInto(arg, slot)) || inst.op === 'asm' ? whole(slot) : live
    default:
      return live
  }
}
