/**
 * Wider stores on the stack, so that clearing memory beforehand becomes unnecessary.
 *   in:  valid SSA
 *   out: the same or a smaller number of stores; earlier stores of zeros that they cover are left to dse
 *
 *   store.64 s0+0, 0                  (removed by dse)
 *   store.32 s0+0, v1            =>   store.64 s0+0, v1     v1 has no bits above 32
 *   store.16 s0+4, v2                 store.16 s0+4, v2
 *
 * and neighbouring stores of constants become one. Struct keys are built this way: cleared for their padding, then filled
 * field by field. Stack accesses must be aligned (check_ptr_alignment, kernel/bpf/verifier.c; 6.18), so widths grow only
 * where the offset allows it.
 */
import { truncate } from '../arith/alu.ts'
import { escapedSlots, placeOf, pointsInto } from '../ssa/alias.ts'
import type { Func } from '../ssa/func.ts'
import type { Block, Inst, InstOf, Slot } from '../ssa/inst.ts'
import { knownBits, unsignedMax } from './known-bits.ts'
import type { Pass } from './pass.ts'
import { fitsImmediate } from './simplify/rule.ts'

type Store = InstOf<'store'>
type Bits = Store['attr']['bits']

export const widenStores: Pass = {
  name: 'widen-stores',
  run(fn) {
    const escaped = escapedSlots(fn)
    let changed = false
    for (const block of fn.blocks) {
      changed = widenInBlock(fn, block, escaped) || changed
      changed = joinConstants(fn, block) || changed
    }
    return changed ? 'insts' : false
  },
}

interface SlotPlace {
  readonly slot: Slot
  readonly offset: number
  readonly bytes: number
}

function slotPlace(inst: Inst): SlotPlace | undefined {
  if (inst.op !== 'store') return undefined
  const { root, offset, bytes } = placeOf(inst)
  return root.op === 'slot' && offset !== undefined ? { slot: root.attr.slot, offset, bytes } : undefined
}

/** Follows which bytes of each slot are certainly 0 since the start of the block. */
function widenInBlock(fn: Func, block: Block, escaped: ReadonlySet<Slot>): boolean {
  const zero = new Map<Slot, Set<number>>()
  let changed = false
  for (const inst of [...block.insts]) {
    const place = slotPlace(inst)
    if (!place || inst.op !== 'store') {
      for (const [slot, zeros] of zero) if (touches(inst, slot, escaped)) zeros.clear()
      continue
    }
    const zeros = zero.get(place.slot) ?? new Set()
    zero.set(place.slot, zeros)
    const bits = widestStore(inst, place, zeros)
    const isZero = unsignedMax(knownBits(inst.args[1]!, 'machine')) === 0n
    if (bits !== inst.attr.bits) {
      fn.insertBefore(inst, 'store', { ...inst.attr, bits }, inst.args)
      fn.removeInst(inst)
      changed = true
    }
    for (let i = 0; i < place.bytes; i++) {
      if (isZero) zeros.add(place.offset + i)
      else zeros.delete(place.offset + i)
    }
  }
  return changed
}

function touches(inst: Inst, slot: Slot, escaped: ReadonlySet<Slot>): boolean {
  if (inst.op === 'store' || inst.op === 'atomic') return pointsInto(inst.args[0]!, slot)
  const address = [...inst.args].find((arg) => pointsInto(arg, slot))
  if (inst.op === 'call' || inst.op === 'invoke') return address !== undefined || escaped.has(slot)
  return inst.op === 'asm'
}

/** Doubles the width while the bytes behind hold 0, the value has 0 there, and the address stays aligned. */
function widestStore(store: Store, { slot, offset }: SlotPlace, zeros: ReadonlySet<number>): Bits {
  let { bits } = store.attr
  const largest = unsignedMax(knownBits(store.args[1]!, 'machine'))
  for (let next = bits * 2; next <= 64; next *= 2) {
    const bytes = next / 8
    if (offset % bytes !== 0 || slot.align % bytes !== 0 || offset + bytes > slot.size) break
    if (largest >> BigInt(store.attr.bits) !== 0n) break
    let clear = true
    for (let i = offset + bits / 8; i < offset + bytes; i++) clear &&= zeros.has(i)
    if (!clear) break
    bits = next as Bits
  }
  return bits
}

/** store.b s+o, c1; store.b s+(o+b), c2  ->  store.2b s+o, c  when nothing in between looks at the slot. */
function joinConstants(fn: Func, block: Block): boolean {
  let changed = false
  for (const second of [...block.insts]) {
    if (second.op !== 'store' || second.block !== block) continue
    const place = slotPlace(second)
    const first = place && neighbour(block, second, place)
    if (!first) continue
    const joined = joinedValue(first, second)
    if (joined === undefined) continue
    const lower = first.attr.offset < second.attr.offset ? first : second
    const value = fn.insertBefore(second, 'const', { value: joined }) as Inst
    const bits = (second.attr.bits * 2) as Bits
    fn.insertBefore(second, 'store', { bits, offset: lower.attr.offset }, [second.args[0]!, value])
    fn.removeInst(second)
    fn.removeInst(first as Inst)
    changed = true
  }
  return changed
}

/** The earlier store of the other half of an aligned place twice as wide. */
function neighbour(block: Block, second: Store, { slot, offset, bytes }: SlotPlace): Store | undefined {
  if (bytes === 8 || slot.align % (2 * bytes) !== 0) return undefined
  const other = offset % (2 * bytes) === 0 ? offset + bytes : offset - bytes
  for (let i = block.insts.indexOf(second as Inst) - 1; i >= 0; i--) {
    const inst = block.insts[i]!
    const place = slotPlace(inst)
    if (inst.op === 'store' && place?.slot === slot) {
      if (place.offset === other && place.bytes === bytes && inst.args[0] === second.args[0]) return inst
      if (place.offset < Math.max(offset, other) + bytes && Math.min(offset, other) < place.offset + place.bytes) {
        return undefined
      }
    } else if (inst.op === 'asm' || inst.args.some((arg) => pointsInto(arg, slot))) {
      return undefined
    }
  }
  return undefined
}

/** Both constants as one, when an immediate store can hold it (32 bits, sign-extended). */
function joinedValue(first: Store, second: Store): bigint | undefined {
  const { bits } = second.attr
  const [a, b] = [first.args[1]!, second.args[1]!]
  if (a.op !== 'const' || b.op !== 'const') return undefined
  const [low, high] = first.attr.offset < second.attr.offset ? [a, b] : [b, a]
  const value = (truncate(high.attr.value, bits) << BigInt(bits)) | truncate(low.attr.value, bits)
  return bits < 32 || fitsImmediate(value) ? value : undefined
}
