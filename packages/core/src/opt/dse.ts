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
import { escapedSlots, memoryOf, placeOf, pointsInto, rootOf } from '../ssa/alias.ts'
import { postorder } from '../ssa/cfg.ts'
import type { Block, Func, Inst, Slot } from '../ssa/func.ts'
import type { Pass } from './pass.ts'

export const dse: Pass = {
  name: 'dse',
  run(fn) {
    const escaped = escapedSlots(fn)
    const order = postorder(fn)
    let changed = false
    for (const [slot, touching] of touchesBySlot(fn, escaped))
      changed = cleanSlot(fn, slot, { order, touching }) || changed
    return changed ? 'insts' : false
  },
}

/** Instructions that may read or write a slot, in order, by block. */
type Touching = ReadonlyMap<Block, readonly Inst[]>

/** For every slot that is stored to and does not escape. Collected in one walk, since there may be many slots. */
function touchesBySlot(fn: Func, escaped: ReadonlySet<Slot>): Map<Slot, Touching> {
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

function cleanSlot(
  fn: Func,
  slot: Slot,
  { order, touching }: { order: readonly Block[]; touching: Touching },
): boolean {
  const liveIn = new Map<Block, bigint>()
  const liveOut = (block: Block): bigint => block.succs.reduce((live, succ) => live | (liveIn.get(succ) ?? 0n), 0n)
  const backwards = (block: Block): Inst[] => [...(touching.get(block) ?? [])].reverse()
  for (let changed = true; changed; ) {
    changed = false
    for (const block of order) {
      let live = liveOut(block)
      for (const inst of backwards(block)) live = before(inst, slot, live)
      if (live !== (liveIn.get(block) ?? 0n)) {
        liveIn.set(block, live)
        changed = true
      }
    }
  }
  let removed = false
  for (const block of touching.keys()) {
    let live = liveOut(block)
    for (const inst of backwards(block)) {
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
    case 'invoke':
    case 'asm':
      return inst.args.some((arg) => pointsInto(arg, slot)) || inst.op === 'asm' ? whole(slot) : live
    default:
      return live
  }
}
