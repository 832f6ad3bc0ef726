/**
 * Map operations. Scalar keys and values go through stack slots of exactly the map's size; struct ones are pointers already.
 * The only element of a one-entry array has an address that the loader knows: it is accessed directly, without a call.
 */
import { assertNever, invariant } from '../../diag/diagnostic.ts'
import type { MapDecl } from '../../forms/module.ts'
import type { FormOf, MapOperand, OnMap } from '../../forms/node.ts'
import { mapRow, scalarKeyType, scalarValueType } from '../../typed/map-facts.ts'
import type { IntType } from '../../types/types.ts'
import { u64 } from '../../types/types.ts'
import type { Inst } from '../inst.ts'
import { emitCall } from './helpers.ts'
import type { Lowering } from './lowering.ts'
import { newSlot, slotAddress } from './lowering.ts'
import { emitLoad, emitStore } from './memory.ts'

/** Flag of bpf_map_update_elem: only when there is no such key (include/uapi/linux/bpf.h). */
const BPF_NOEXIST = 1

/** An evaluated operand: a number still to be put on the stack, or a pointer. */
interface Operand {
  readonly value: Inst
  /** Memory type of a scalar; absent for a pointer. */
  readonly type: IntType | undefined
  readonly name: string
}

function evaluate(cx: Lowering, operand: MapOperand, type: IntType | undefined, name: string): Operand {
  switch (operand.kind) {
    case 'scalar':
      invariant(type, `ssa: ${name} has no scalar type`)
      return { value: cx.value(operand.value), type, name }
    case 'pointer':
      return { value: cx.value(operand.ptr), type: undefined, name }
    default:
      return assertNever(operand)
  }
}

const evaluateKey = (cx: Lowering, map: MapDecl, key: MapOperand): Operand =>
  evaluate(cx, key, scalarKeyType(map), `${map.name} key`)

/** Pointer to the operand; every use of a scalar gets a slot of its own (stack colouring merges them). */
function pointerTo(cx: Lowering, operand: Operand): Inst {
  if (!operand.type) return operand.value
  const address = slotAddress(cx, newSlot(cx, operand.name, operand.type.bits / 8))
  emitStore(cx, operand.type, { base: address, offset: 0 }, operand.value)
  return address
}

/** Evaluates which map an operation is on; the result gives the pointer, where it is wanted. */
function evaluateMap(cx: Lowering, { map, via }: OnMap): () => Inst {
  const pointer = via && cx.value(via)
  return () => pointer ?? cx.b.emit('mapRef', { map })
}

const isDirect = (cx: Lowering, { map, via }: OnMap): boolean => via === undefined && cx.directMaps.has(map)

export function lowerMapLookup(cx: Lowering, form: FormOf<'mapLookup' | 'mapGet'>): Inst {
  if (isDirect(cx, form)) return cx.b.emit('mapValue', { map: form.map, offset: 0 })
  const map = evaluateMap(cx, form)
  const key = evaluateKey(cx, form.map, form.key)
  return emitCall(cx, 'map_lookup_elem', [map(), pointerTo(cx, key)])
}

/** Scalars: the value, or 0 when the key is missing. */
export function lowerMapGet(cx: Lowering, form: FormOf<'mapGet'>): Inst {
  const element = lowerMapLookup(cx, form)
  const type = scalarValueType(form.map)
  if (!type) return element
  if (element.op === 'mapValue') return emitLoad(cx, type, element, 0)
  const { b } = cx
  const [found, missing, join] = [b.newBlock(), b.newBlock(), b.newBlock()]
  b.branch({ pred: 'ne', width: 64 }, element, b.constant(0), [found, missing])
  b.enter(found)
  const value = emitLoad(cx, type, element, 0)
  b.jump(join)
  b.enter(missing)
  const none = b.constant(0)
  b.jump(join)
  return b.enterWithValue(join, [value, none])
}

export function lowerMapUpdate(cx: Lowering, form: FormOf<'mapUpdate'>): Inst {
  const { map, flags } = form
  const type = scalarValueType(map)
  if (isDirect(cx, form) && form.value.kind === 'scalar' && type) {
    const value = cx.value(form.value.value)
    emitStore(cx, type, { base: cx.b.emit('mapValue', { map, offset: 0 }), offset: 0 }, value)
    return cx.b.constant(0)
  }
  const mapPtr = evaluateMap(cx, form)
  const key = evaluateKey(cx, map, form.key)
  const value = evaluate(cx, form.value, type, `${map.name} value`)
  const flagBits = cx.value(flags)
  const keyPtr = pointerTo(cx, key)
  return emitCall(cx, 'map_update_elem', [mapPtr(), keyPtr, pointerTo(cx, value), flagBits])
}

export function lowerMapDelete(cx: Lowering, form: FormOf<'mapDelete'>): Inst {
  const map = evaluateMap(cx, form)
  const key = evaluateKey(cx, form.map, form.key)
  return emitCall(cx, 'map_delete_elem', [map(), pointerTo(cx, key)])
}

// --- counting

export function lowerMapAdd(cx: Lowering, form: FormOf<'mapAdd'>): Inst {
  const { b } = cx
  const direct = isDirect(cx, form)
  const pointer = evaluateMap(cx, form)
  const key = direct ? undefined : evaluateKey(cx, form.map, form.key)
  const amount = cx.value(form.delta)
  const delta = form.op === 'add' ? amount : negated(cx, amount)
  if (!key) addTo(cx, form.map, b.emit('mapValue', { map: form.map, offset: 0 }), delta)
  else if (mapRow(form.map).sparse) addOrInsert(cx, { map: form.map, pointer, key }, delta)
  else addIfPresent(cx, { map: form.map, pointer, key }, delta)
  return b.constant(0)
}

function negated(cx: Lowering, amount: Inst): Inst {
  return amount.op === 'const' ? cx.b.constant(-amount.attr.value) : cx.b.emit('neg', { width: 64 }, [amount])
}

/** Per-CPU values belong to this CPU alone: a plain addition loses nothing. Others are added to atomically. */
function addTo(cx: Lowering, map: MapDecl, element: Inst, delta: Inst): void {
  const type = scalarValueType(map) ?? u64
  if (mapRow(map).perCpu) {
    const sum = cx.b.emit('add', { width: 64 }, [emitLoad(cx, type, element, 0), delta])
    emitStore(cx, type, { base: element, offset: 0 }, sum)
    return
  }
  const bits = type.bits === 32 ? 32 : 64
  cx.b.emit('atomic', { op: 'add', bits, offset: 0, fetch: false }, [element, delta])
}

interface Counted {
  readonly map: MapDecl
  readonly pointer: () => Inst
  readonly key: Operand
}

function addIfPresent(cx: Lowering, { map, pointer, key }: Counted, delta: Inst): void {
  const { b } = cx
  const [found, after] = [b.newBlock(), b.newBlock()]
  const element = emitCall(cx, 'map_lookup_elem', [pointer(), pointerTo(cx, key)])
  b.branch({ pred: 'ne', width: 64 }, element, b.constant(0), [found, after])
  b.enter(found)
  addTo(cx, map, element, delta)
  b.jump(after)
  b.enter(after)
}

/**
 *   p = lookup;  if (p) goto add;
 *   if (update(key, delta, NOEXIST) == 0) goto done;      another CPU may have inserted meanwhile:
 *   p = lookup;  if (!p) goto done;                        then its element gets the count
 *   add: *p += delta
 *   done:
 */
function addOrInsert(cx: Lowering, { map, pointer, key }: Counted, delta: Inst): void {
  const { b } = cx
  const [insert, retry, add, done] = [b.newBlock(), b.newBlock(), b.newBlock(), b.newBlock()]
  const keyPtr = pointerTo(cx, key)
  const first = emitCall(cx, 'map_lookup_elem', [pointer(), keyPtr])
  b.branch({ pred: 'ne', width: 64 }, first, b.constant(0), [add, insert])
  b.enter(insert)
  const value = pointerTo(cx, { value: delta, type: scalarValueType(map), name: `${map.name} value` })
  const failed = emitCall(cx, 'map_update_elem', [pointer(), keyPtr, value, b.constant(BPF_NOEXIST)])
  b.branch({ pred: 'eq', width: 64 }, failed, b.constant(0), [done, retry])
  b.enter(retry)
  const second = emitCall(cx, 'map_lookup_elem', [pointer(), keyPtr])
  b.branch({ pred: 'ne', width: 64 }, second, b.constant(0), [add, done])
  const element = b.enterWithValue(add, [first, second])
  addTo(cx, map, element, delta)
  b.jump(done)
  b.enter(done)
}
