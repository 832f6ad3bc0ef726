/**
 * Loads, stores, stack memory, block copies and atomics.
 *
 * The verifier demands aligned accesses on the stack always, and elsewhere only on machines without efficient unaligned
 * access (`check_ptr_alignment`, kernel/bpf/verifier.c, 6.18); context accesses must be aligned to their size. So block
 * operations know the alignment of stack and context pointers and use 8 bytes at a time for everything else.
 */
import { invariant } from '../../diag/diagnostic.ts'
import type { Form, FormOf } from '../../forms/node.ts'
import { isPointer, typeOf } from '../../typed/typing.ts'
import type { IntBits, IntType } from '../../types/types.ts'
import type { Inst } from '../inst.ts'
import type { Lowering } from './lowering.ts'
import { newSlot, slotAddress } from './lowering.ts'

/** An address as base and the constant that the instruction itself can add. */
interface Address {
  readonly base: Inst
  readonly offset: number
}

function addressOf(cx: Lowering, ptr: Form, offset: Form): Address {
  const base = cx.value(ptr)
  if (offset.kind === 'const') {
    const value = BigInt.asIntN(64, offset.value)
    if (value >= -32768n && value <= 32767n) return { base, offset: Number(value) }
  }
  return { base: cx.b.emit('add', { width: 64 }, [base, cx.value(offset)]), offset: 0 }
}

/** Loads a value of a memory type as a register holds it: swapped for network order, sign-extended for signed types. */
export function emitLoad(cx: Lowering, type: IntType, base: Inst, offset: number): Inst {
  const { bits } = type
  let value = cx.b.emit('load', { bits, offset }, [base])
  if (type.order === 'net' && bits !== 8) value = cx.b.emit('bswap', { bits }, [value])
  return type.signed && bits !== 64 ? cx.b.emit('sext', { bits }, [value]) : value
}

export function emitStore(cx: Lowering, type: IntType, { base, offset }: Address, value: Inst): void {
  const { bits } = type
  const stored = type.order === 'net' && bits !== 8 ? cx.b.emit('bswap', { bits }, [value]) : value
  cx.b.emit('store', { bits, offset }, [base, stored])
}

export function lowerLoad(cx: Lowering, form: FormOf<'load'>): Inst {
  const { base, offset } = addressOf(cx, form.ptr, form.offset)
  const type = typeOf(cx.typing, form)
  if (isPointer(type)) return cx.b.emit('load', { bits: 64, offset, space: type.space }, [base])
  return emitLoad(cx, form.type, base, offset)
}

export function lowerStore(cx: Lowering, form: FormOf<'store'>): Inst {
  const address = addressOf(cx, form.ptr, form.offset)
  const value = cx.value(form.value)
  emitStore(cx, form.type, address, value)
  return value
}

/** The address is an addition that selection makes part of the access, with the relocation in its offset. */
function coreAddress(cx: Lowering, form: FormOf<'coreLoad' | 'coreStore'>): Address {
  return { base: cx.b.emit('add', { width: 64 }, [cx.value(form.ptr), cx.value(form.offset)]), offset: 0 }
}

export function lowerCoreLoad(cx: Lowering, form: FormOf<'coreLoad'>): Inst {
  const { base } = coreAddress(cx, form)
  const result = typeOf(cx.typing, form)
  if (isPointer(result)) return cx.b.emit('load', { bits: form.type.bits, offset: 0, space: result.space }, [base])
  return emitLoad(cx, form.type, base, 0)
}

export function lowerCoreStore(cx: Lowering, form: FormOf<'coreStore'>): Inst {
  const address = coreAddress(cx, form)
  const value = cx.value(form.value)
  emitStore(cx, form.type, address, value)
  return value
}

export function lowerAtomic(cx: Lowering, form: FormOf<'atomic'>): Inst {
  const { base, offset } = addressOf(cx, form.ptr, form.offset)
  const expected = form.expected ? [cx.value(form.expected)] : []
  const value = cx.value(form.value)
  const bits = form.type.bits === 32 ? 32 : 64
  // Exchange and compare-exchange always give the old value (RFC 9669, section 5.3).
  const fetch = form.fetch || form.op === 'xchg' || form.op === 'cmpxchg'
  const old = cx.b.emit('atomic', { op: form.op, bits, offset, fetch }, [base, ...expected, value])
  if (!fetch) return cx.b.constant(0)
  return form.type.signed && bits === 32 ? cx.b.emit('sext', { bits }, [old]) : old
}

export function lowerGlobal(cx: Lowering, form: FormOf<'globalAddr'>): Inst {
  const place = cx.globals.get(form.global)
  invariant(place, `ssa: no place for the global variable ${form.global.name}`)
  return cx.b.emit('mapValue', place)
}

export function lowerAlloc(cx: Lowering, form: FormOf<'alloc'>): Inst {
  let slot = cx.slots.get(form)
  if (!slot) {
    slot = newSlot(cx, form.name, form.size, form.align)
    cx.slots.set(form, slot)
  }
  const address = slotAddress(cx, slot)
  if (form.zeroed && form.size > 0) {
    const zero = cx.b.constant(0)
    for (const piece of pieces(form.size, { align: slot.align, start: 0 })) {
      cx.b.emit('store', { bits: piece.bits, offset: piece.at }, [address, zero])
    }
  }
  return address
}

// --- block operations

interface Piece {
  readonly at: number
  readonly bits: IntBits
}

/** What is known about an address: `align` divides base, and the access starts `start` bytes after it. */
interface Placement {
  readonly align: number
  readonly start: number
}

/** Any width at any offset is fine. */
const FREE: Placement = { align: 8, start: 0 }

function placementOf(cx: Lowering, form: Form, address: Inst, offset: number): Placement {
  let start = offset
  let base = address
  while (base.op === 'add' && base.type === 'ptr' && base.args[1]?.op === 'const') {
    start += Number(BigInt.asIntN(64, base.args[1].attr.value))
    base = base.args[0]!
  }
  if (base.op === 'slot') return { align: base.attr.slot.align, start }
  if (base.op === 'param') return { align: 8, start }
  const type = typeOf(cx.typing, form)
  const strict = !isPointer(type) || type.space === 'stack' || type.space === 'ctx'
  return strict ? { align: 1, start } : FREE
}

export function lowerMemset(cx: Lowering, form: FormOf<'memset'>): Inst {
  const base = cx.value(form.ptr)
  const byte = cx.value(form.byte)
  const place = placementOf(cx, form.ptr, base, form.offset)
  const pattern = splat(cx, byte, form.size)
  for (const { at, bits } of pieces(form.size, place)) {
    cx.b.emit('store', { bits, offset: form.offset + at }, [base, pattern])
  }
  return cx.b.constant(0)
}

/** The byte in all eight places of a register. */
function splat(cx: Lowering, byte: Inst, size: number): Inst {
  const everyByte = 0x0101_0101_0101_0101n
  if (byte.op === 'const') return cx.b.constant(BigInt.asUintN(8, byte.attr.value) * everyByte)
  if (size === 1) return byte
  const low = cx.b.emit('zext', { bits: 8 }, [byte])
  return cx.b.emit('mul', { width: 64 }, [low, cx.b.constant(everyByte)])
}

export function lowerMemcpy(cx: Lowering, form: FormOf<'memcpy'>): Inst {
  const dst = cx.value(form.dst)
  const src = cx.value(form.src)
  const to = placementOf(cx, form.dst, dst, form.dstOffset)
  const from = placementOf(cx, form.src, src, form.srcOffset)
  for (const { at, bits } of pieces(form.size, to, from)) {
    const value = cx.b.emit('load', { bits, offset: form.srcOffset + at }, [src])
    cx.b.emit('store', { bits, offset: form.dstOffset + at }, [dst, value])
  }
  return cx.b.constant(0)
}

/** Cuts `size` bytes into the widest accesses that every side allows. */
function pieces(size: number, ...places: readonly Placement[]): Piece[] {
  const list: Piece[] = []
  for (let at = 0; at < size; ) {
    let width = 8
    while (width > size - at || places.some((place) => !allows(place, at, width))) width /= 2
    list.push({ at, bits: (width * 8) as IntBits })
    at += width
  }
  return list
}

function allows(place: Placement, at: number, width: number): boolean {
  return place === FREE || (width <= place.align && (place.start + at) % width === 0)
}
