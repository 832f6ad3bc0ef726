/**
 * Which memory an address means, and what an instruction may do to it.
 *
 * An address is followed back through additions to its root; the root tells the class of memory. Classes do not overlap,
 * two stack slots do not, nor do elements of two maps. Other CPUs may write to map values at any time; like any C
 * compiler we may still use a value that was read once.
 */
import type { MemoryClass } from '../tables/effects.ts'
import { HELPERS } from '../tables/helpers/index.ts'
import type { HelperRow } from '../tables/helpers/row.ts'
import type { PtrSpace } from '../types/types.ts'
import type { Func } from './func.ts'
import type { Block, Inst, InstOf, Slot } from './inst.ts'

export interface Place {
  /** Undefined: anything. */
  readonly memory: MemoryClass | undefined
  readonly root: Inst
  /** Bytes from the root; undefined when not constant. */
  readonly offset: number | undefined
  readonly bytes: number
}

export type Access = InstOf<'load'> | InstOf<'store'> | InstOf<'atomic'>

/** The memory that a load, store or atomic touches. */
export function placeOf(access: Access): Place {
  const { root, offset } = rootOf(access.args[0]!)
  const { bits } = access.attr
  return {
    memory: memoryOf(root),
    root,
    offset: offset === undefined ? undefined : offset + access.attr.offset,
    bytes: bits / 8,
  }
}

/** Follows `p + c`. An addition of something unknown keeps the root and forgets the offset. */
export function rootOf(address: Inst): { readonly root: Inst; readonly offset: number | undefined } {
  let offset: number | undefined = 0
  let root = address
  while (root.op === 'add' && root.type === 'ptr') {
    const [a, b] = root.args as [Inst, Inst]
    const [pointer, added] = a.type === 'ptr' ? [a, b] : [b, a]
    if (added.op !== 'const') offset = undefined
    else if (offset !== undefined) offset += Number(BigInt.asIntN(64, added.attr.value))
    root = pointer
  }
  return { root, offset }
}

const CLASS_OF_SPACE: Record<PtrSpace, MemoryClass | undefined> = {
  ctx: 'ctx',
  stack: 'stack',
  packet: 'packet',
  packetEnd: 'packet',
  packetMeta: 'packet',
  mapValue: 'mapValue',
  ringbuf: 'ringbuf',
  map: undefined,
  kernel: 'kernel',
  btf: 'kernel',
  code: undefined,
}

/** Class of what a root points to. */
export function memoryOf(root: Inst): MemoryClass | undefined {
  switch (root.op) {
    case 'param':
      return 'ctx'
    case 'arg':
      return root.attr.space && CLASS_OF_SPACE[root.attr.space]
    case 'slot':
      return 'stack'
    case 'mapValue':
      return 'mapValue'
    case 'mapRef':
      return 'map'
    case 'load':
      return root.attr.space && CLASS_OF_SPACE[root.attr.space]
    case 'call':
      return memoryOfResult(HELPERS[root.attr.helper])
    case 'phi': {
      const classes = new Set(phiRoots(root).map((each) => (each.op === 'phi' ? undefined : memoryOf(each))))
      return classes.size === 1 ? [...classes][0] : undefined
    }
    default:
      return undefined
  }
}

function memoryOfResult({ ret }: HelperRow): MemoryClass | undefined {
  switch (ret.kind) {
    case 'mapValueOrNull':
      return 'mapValue'
    case 'recordOrNull':
      return 'ringbuf'
    case 'ptr':
      return CLASS_OF_SPACE[ret.space]
    default:
      return undefined
  }
}

/** Roots that a phi may stand for; null constants point nowhere. */
function phiRoots(phi: InstOf<'phi'>): Inst[] {
  const roots = new Set<Inst>()
  const seen = new Set<Inst>([phi as Inst])
  for (const each of seen) {
    for (const arg of each.args) {
      const { root } = rootOf(arg)
      if (root.op === 'phi') seen.add(root)
      else if (root.op !== 'const' || root.attr.value !== 0n) roots.add(root)
    }
  }
  return [...roots]
}

export function mayAlias(a: Place, b: Place): boolean {
  if (a.memory === undefined || b.memory === undefined) return true
  if (a.memory !== b.memory) return false
  if (a.root === b.root || sameSlot(a.root, b.root)) return overlap(a, b)
  if (a.root.op === 'slot' && b.root.op === 'slot') return false
  const [one, other] = [mapOf(a.root), mapOf(b.root)]
  if (one && other && one !== other) return false
  if (a.root.op === 'mapValue' && b.root.op === 'mapValue') return overlap(absolute(a), absolute(b))
  return true
}

function sameSlot(a: Inst, b: Inst): boolean {
  return a.op === 'slot' && b.op === 'slot' && a.attr.slot === b.attr.slot
}

function absolute(place: Place): Place {
  if (place.root.op !== 'mapValue' || place.offset === undefined) return place
  return { ...place, offset: place.offset + place.root.attr.offset }
}

function overlap(a: Place, b: Place): boolean {
  if (a.offset === undefined || b.offset === undefined) return true
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes
}

/** Both mean the same bytes, in every execution. */
export function mustAlias(a: Place, b: Place): boolean {
  if (a.offset === undefined || b.offset === undefined || a.bytes !== b.bytes) return false
  return (a.root === b.root || sameSlot(a.root, b.root)) && a.offset === b.offset
}

/** Name of the map whose element a root is. */
function mapOf(root: Inst): string | undefined {
  if (root.op === 'mapValue') return root.attr.map.name
  const map = root.op === 'call' && root.args[0]?.op === 'mapRef' ? root.args[0].attr.map : undefined
  return map?.name
}

/** Slots whose address goes where this module cannot follow it. */
export function escapedSlots(fn: Func): Set<Slot> {
  const escaped = new Set<Slot>()
  for (const block of fn.blocks) {
    for (const inst of block.insts) if (inst.op === 'slot' && addressEscapes(inst as Inst)) escaped.add(inst.attr.slot)
  }
  return escaped
}

function addressEscapes(slot: Inst): boolean {
  const derived = new Set<Inst>([slot])
  for (const address of derived) {
    for (const user of address.uses) {
      if (user.op === 'add' && user.type === 'ptr') derived.add(user)
      else if (user.op === 'store' || user.op === 'atomic') {
        if (user.args.indexOf(address, 1) >= 0) return true
      } else if (user.op === 'call') {
        if (callKeeps(user, address)) return true
      } else if (user.op !== 'load' && user.op !== 'cmp' && user.op !== 'br') {
        return true
      }
    }
  }
  return false
}

/** Helpers look at memory only during the call, except those with arguments of kernel-known types (timers, callbacks). */
function callKeeps(call: InstOf<'call'>, address: Inst): boolean {
  const row: HelperRow = HELPERS[call.attr.helper]
  return call.args.some((arg, i) => arg === address && (row.args[i] === undefined || row.args[i].kind === 'typed'))
}

/** May `inst` change the bytes of `place`? `escaped`: see `escapedSlots`. */
export function mayWrite(inst: Inst, place: Place, escaped: ReadonlySet<Slot>): boolean {
  switch (inst.op) {
    case 'store':
    case 'atomic':
      return mayAlias(placeOf(inst), place)
    case 'call':
      return callMayWrite(inst, place, escaped)
    case 'asm':
      return true
    case 'invoke':
      // A slot whose address never left is the function's own.
      return place.root.op !== 'slot' || escaped.has(place.root.attr.slot)
    default:
      return false
  }
}

function callMayWrite(call: InstOf<'call'>, place: Place, escaped: ReadonlySet<Slot>): boolean {
  const row: HelperRow = HELPERS[call.attr.helper]
  const { writes, invalidatesPacket } = row.effects
  if (place.memory === undefined) return writes.length > 0 || invalidatesPacket
  // Helpers that move the packet also change the context fields that describe it.
  if (invalidatesPacket && (place.memory === 'packet' || place.memory === 'ctx')) return true
  if (!writes.includes(place.memory)) return false
  const slot = place.root.op === 'slot' ? place.root.attr.slot : undefined
  if (!slot || escaped.has(slot)) return true
  return call.args.some((arg, i) => row.args[i]?.kind !== 'mapKey' && pointsInto(arg, slot))
}

/** The address may be one inside the slot. */
export function pointsInto(address: Inst, slot: Slot): boolean {
  if (address.type !== 'ptr') return false
  const { root } = rootOf(address)
  const roots = root.op === 'phi' ? phiRoots(root) : [root]
  return roots.some((each) => (each.op === 'slot' ? each.attr.slot === slot : memoryOf(each) === undefined))
}

/** Is there a path from after `from` to before `to` (which `from` dominates) on which `stops` holds for an instruction? */
export function anyBetween(from: Inst, to: Inst, stops: (inst: Inst) => boolean): boolean {
  const start = from.block!
  const end = to.block!
  const before = end.insts.slice(0, end.insts.indexOf(to))
  if (start === end && before.includes(from)) return before.slice(before.indexOf(from) + 1).some(stops)
  if (before.some(stops)) return true
  const seen = new Set<Block>()
  const work = [...end.preds]
  for (let block = work.pop(); block; block = work.pop()) {
    if (seen.has(block)) continue
    seen.add(block)
    const insts = block === start ? start.insts.slice(start.insts.indexOf(from) + 1) : block.insts
    if (insts.some(stops)) return true
    if (block !== start) work.push(...block.preds)
  }
  return false
}
