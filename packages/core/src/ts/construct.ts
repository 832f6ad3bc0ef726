/** Whole values in memory: struct literals, copies, strings; values for map keys and helper arguments. */
import type { MapOperand } from '../forms/node.ts'
import { sizeOf } from '../types/layout.ts'
import type { Type } from '../types/types.ts'
import { u64 } from '../types/types.ts'
import type { Node } from './ast.ts'
import type { Cx } from './context.ts'
import { constForm, emit, failure, spanOf } from './context.ts'
import { describe, describeType } from './integers.ts'
import {
  addressForm,
  bytesType,
  elementRef,
  fieldKey,
  fieldNamed,
  fieldsOf,
  partOf,
  refuseReadOnly,
  scalarForm,
  stackRef,
  usable,
} from './memory.ts'
import { fromCaptured } from './names.ts'
import type { DataValue, ObjectValue, RefValue, Value } from './value.ts'
import { constValue } from './value.ts'

/** `Flow({ packets: 1, bytes: n })`: memory on the stack; fields that are not given, and padding, are 0. */
export function construct(cx: Cx, node: Node, type: Type, init: Value): RefValue {
  const name = type.kind === 'struct' || type.kind === 'union' ? type.name : 'value'
  const ref = stackRef(cx, node, type, { name, zeroed: true })
  storeInto(cx, node, ref, init)
  return ref
}

export function writePlace(cx: Cx, node: Node, ref: RefValue, value: Value): void {
  const { type } = ref
  if (type.kind !== 'int') {
    storeInto(cx, node, ref, value)
    return
  }
  refuseReadOnly(cx, node, ref)
  const span = spanOf(cx, node)
  const stored = scalarForm(cx, node, type, value)
  emit(cx, { kind: 'store', type, ptr: ref.ptr, offset: constForm(ref.offset, span), value: stored, span })
}

/** Stores a struct or array. */
export function storeInto(cx: Cx, node: Node, target: RefValue, value: Value): void {
  refuseReadOnly(cx, node, target)
  switch (value.kind) {
    case 'ref':
      copy(cx, node, target, usable(cx, node, value))
      return
    case 'object':
      storeFields(cx, node, target, value)
      return
    case 'list':
      storeElements(cx, node, target, value.items)
      return
    case 'data':
      storeData(cx, node, target, value)
      return
    default:
      throw failure(cx, node, 'wrong-kind', `expected ${describeType(target.type)}, got ${describe(value)}`)
  }
}

function storeFields(cx: Cx, node: Node, target: RefValue, { entries }: ObjectValue): void {
  const fields = fieldsOf(target.type)
  if (!fields) throw failure(cx, node, 'wrong-kind', `expected ${describeType(target.type)}, got an object`)
  for (const [name, value] of entries) {
    const field = fieldNamed(target.type, name)
    if (!field) {
      const known = fields.map(fieldKey).join(', ')
      throw failure(
        cx,
        node,
        'unknown-field',
        `${describeType(target.type)} has no field \`${name}\``,
        `it has ${known}`,
      )
    }
    writePlace(cx, node, partOf(target, field.type, field.offset), value)
  }
}

function storeElements(cx: Cx, node: Node, target: RefValue, items: readonly Value[]): void {
  const { type } = target
  if (type.kind !== 'array') throw failure(cx, node, 'wrong-kind', `expected ${describeType(type)}, got an array`)
  if (items.length !== type.length) {
    throw failure(cx, node, 'size-mismatch', `the array has ${type.length} elements, and ${items.length} are given`)
  }
  for (const [i, item] of items.entries()) writePlace(cx, node, elementRef(cx, node, target, constValue(i)), item)
}

function storeData(cx: Cx, node: Node, target: RefValue, { data }: DataValue): void {
  switch (data.kind) {
    case 'array':
      storeElements(
        cx,
        node,
        target,
        data.items.map((item) => fromCaptured(cx, node, item)),
      )
      return
    case 'object': {
      const entries = [...data.entries].map(([name, item]) => [name, fromCaptured(cx, node, item)] as const)
      storeFields(cx, node, target, { kind: 'object', entries: new Map(entries) })
      return
    }
    case 'string':
      storeText(cx, node, target, data.value)
      return
    default:
      throw failure(
        cx,
        node,
        'wrong-kind',
        `expected ${describeType(target.type)}, got ${describe({ kind: 'data', data })}`,
      )
  }
}

/** The bytes of a text, filled up with NUL; one NUL must fit. */
function storeText(cx: Cx, node: Node, target: RefValue, text: string): void {
  const { type } = target
  if (type.kind !== 'array' || sizeOf(type.element) !== 1) {
    throw failure(cx, node, 'wrong-kind', `expected ${describeType(type)}, got a string`)
  }
  const bytes = new TextEncoder().encode(text)
  if (bytes.length >= type.length) {
    const message = `the string has ${bytes.length} bytes and a NUL; the field has ${type.length}`
    throw failure(cx, node, 'size-mismatch', message)
  }
  storeBytes(
    cx,
    node,
    target,
    Uint8Array.from({ length: type.length }, (_, i) => bytes[i] ?? 0),
  )
}

/** Known bytes, eight at a time. */
function storeBytes(cx: Cx, node: Node, target: RefValue, bytes: Uint8Array): void {
  const span = spanOf(cx, node)
  for (let at = 0; at < bytes.length; ) {
    const isWide = (target.offset + at) % 8 === 0 && at + 8 <= bytes.length
    const width = isWide ? 8 : 1
    let value = 0n
    for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]!)
    const offset = constForm(target.offset + at, span)
    const type = { ...u64, bits: isWide ? 64 : 8 } as const
    emit(cx, { kind: 'store', type, ptr: target.ptr, offset, value: constForm(value, span), span })
    at += width
  }
}

/** A text with its NUL on the stack, for format strings. */
export function textOnStack(cx: Cx, node: Node, text: string): RefValue {
  const bytes = new TextEncoder().encode(`${text}\0`)
  const ref = stackRef(cx, node, bytesType(bytes.length), { name: 'format', zeroed: false })
  storeBytes(cx, node, ref, bytes)
  return ref
}

function copy(cx: Cx, node: Node, target: RefValue, source: RefValue): void {
  const size = sizeOf(target.type)
  if (!sameLayout(target.type, source.type)) {
    throw failure(cx, node, 'wrong-kind', `expected ${describeType(target.type)}, got ${describe(source)}`)
  }
  const span = spanOf(cx, node)
  const to = { dst: target.ptr, dstOffset: target.offset }
  const from = { src: source.ptr, srcOffset: source.offset }
  emit(cx, { kind: 'memcpy', ...to, ...from, size, span })
}

export function sameLayout(a: Type, b: Type): boolean {
  if (a === b) return true
  if (a.kind === 'array' && b.kind === 'array') return a.length === b.length && sameLayout(a.element, b.element)
  if (a.kind === 'int' && b.kind === 'int') return a.bits === b.bits && a.order === b.order
  return (
    (a.kind === 'struct' || a.kind === 'union') &&
    a.kind === b.kind &&
    a.size === b.size &&
    fieldsOf(a)!.every((f, i) => f.name === fieldsOf(b)![i]?.name && f.offset === fieldsOf(b)![i]?.offset)
  )
}

/** A key or value of a map: numbers by value, the rest by address. */
export function mapOperand(cx: Cx, node: Node, type: Type, value: Value): MapOperand {
  if (type.kind === 'int') return { kind: 'scalar', value: scalarForm(cx, node, type, value) }
  return { kind: 'pointer', ptr: addressForm(memoryOf(cx, node, type, value)) }
}

/** A value of the type somewhere in memory: where it lies already, else a copy on the stack. */
export function memoryOf(cx: Cx, node: Node, type: Type, value: Value): RefValue {
  if (value.kind === 'ref' && sameLayout(type, value.type)) return usable(cx, node, value)
  if (type.kind !== 'int') return construct(cx, node, type, value)
  const ref = stackRef(cx, node, type, { name: 'value', zeroed: false })
  writePlace(cx, node, ref, value)
  return ref
}
