/** References: fields, elements, reading, tests for null. */
import type { Form } from '../forms/node.ts'
import { toCamelName } from '../tables/names.ts'
import { sizeOf } from '../types/layout.ts'
import type { Field, IntType, Type } from '../types/types.ts'
import { u8 } from '../types/types.ts'
import type { Node } from './ast.ts'
import type { Cx } from './context.ts'
import { bind, constForm, failure, knows, localForm, spanOf } from './context.ts'
import { assignable, castForm, describe, describeType, numberOf, plain } from './integers.ts'
import { truthAsNumber } from './operators.ts'
import type { RefValue, Value } from './value.ts'
import { boolValue, constValue, intValue } from './value.ts'

/** A reference that may be used: refuses one that may be null here, and views of a packet that has moved. */
export function usable(cx: Cx, node: Node, ref: RefValue): RefValue {
  if (ref.epoch && ref.epoch !== cx.packetEpoch) {
    throw failure(
      cx,
      node,
      'stale-view',
      'this view of the packet was made before a helper that may have moved the packet',
      'call `ctx.at(...)` again after the helper',
    )
  }
  if (!ref.nullness || knows(cx, ref.nullness.key)) return ref
  const text = cx.frame.file.text.slice(node.start, node.end).replace(/!$/, '')
  const name = /^[\w.$]{1,30}$/.test(text) ? `\`${text}\`` : 'this'
  throw failure(
    cx,
    node,
    'unchecked-null',
    `${name} may be null here; the verifier wants a test before the first use`,
    name === 'this'
      ? 'bind it with `const`, and test it: `if (!x) return ...`'
      : `test it: \`if (!${text}) return ...\``,
  )
}

/** The address as a number of bytes behind a pointer, for helpers and maps. */
export function addressForm(ref: RefValue): Form {
  if (ref.offset === 0) return ref.ptr
  const right = constForm(ref.offset, ref.ptr.span)
  return { kind: 'binary', op: 'add', left: ref.ptr, right, span: ref.ptr.span }
}

/** The address, or 0 when the reference is null. */
export function nullableForm(cx: Cx, ref: RefValue): Form {
  const address = addressForm(ref)
  if (!ref.nullness || knows(cx, ref.nullness.key) || ref.nullness.test === ref.ptr) return address
  return {
    kind: 'if',
    test: ref.nullness.test,
    then: address,
    else: constForm(0, ref.ptr.span),
    span: ref.ptr.span,
  }
}

/** A reference at a pointer that is evaluated here, once. */
export function bindRef(
  cx: Cx,
  node: Node,
  ptr: Form,
  options: Omit<RefValue, 'kind' | 'ptr' | 'offset' | 'nullness'> & { nullable: boolean; name: string },
): RefValue {
  const span = spanOf(cx, node)
  const { nullable, name, ...rest } = options
  const local = localForm(bind(cx, span, { name, init: ptr }), span)
  const nullness = nullable ? { key: {}, test: local } : undefined
  return { kind: 'ref', ptr: local, offset: 0, nullness, ...rest }
}

// --- parts

export function fieldsOf(type: Type): readonly Field[] | undefined {
  if (type.kind === 'struct') return type.fields
  return type.kind === 'union' ? type.members : undefined
}

export const fieldKey = (field: Field): string => field.key ?? toCamelName(field.name)

export function fieldNamed(type: Type, name: string): Field | undefined {
  return fieldsOf(type)?.find((f) => fieldKey(f) === name)
}

/** A part of what a reference points to; it is never null itself. */
export function partOf(ref: RefValue, type: Type, offset: number): RefValue {
  const { record: _, variable: __, ...rest } = ref
  return { ...rest, type, offset: ref.offset + offset, nullness: undefined }
}

export function fieldRef(cx: Cx, node: Node, ref: RefValue, name: string): RefValue {
  const field = fieldNamed(ref.type, name)
  if (field) return partOf(ref, field.type, field.offset)
  if (name === 'value' && ref.type.kind === 'int') return partOf(ref, ref.type, 0)
  const names = fieldsOf(ref.type)?.map(fieldKey)
  const hint = names ? `it has ${names.join(', ')}` : ref.type.kind === 'int' ? 'the number is `.value`' : undefined
  throw failure(cx, node, 'unknown-field', `${describeType(ref.type)} has no field \`${name}\``, hint)
}

export function elementRef(cx: Cx, node: Node, ref: RefValue, index: Value): RefValue {
  const { type } = ref
  if (type.kind !== 'array') {
    throw failure(cx, node, 'wrong-kind', `${describe(ref)} has no elements`, 'name a field')
  }
  const num = numberOf(cx, node, index)
  const size = sizeOf(type.element)
  if (num.kind === 'const') {
    if (num.value < 0n || num.value >= BigInt(type.length)) {
      const message = `the index ${num.value} is outside of the array, which has ${type.length} elements`
      throw failure(cx, node, 'index-out-of-range', message)
    }
    return partOf(ref, type.element, Number(num.value) * size)
  }
  const span = spanOf(cx, node)
  const bytes: Form =
    size === 1 ? num.form : { kind: 'binary', op: 'mul', left: num.form, right: constForm(size, span), span }
  const ptr: Form = { kind: 'binary', op: 'add', left: ref.ptr, right: bytes, span }
  const local = localForm(bind(cx, span, { name: 'element', init: ptr }), span)
  return { ...partOf(ref, type.element, 0), ptr: local }
}

// --- reading and writing

/** The value of a place: numbers are loaded, anything larger stays a reference. */
export function readPlace(cx: Cx, node: Node, ref: RefValue): Value {
  const { type } = ref
  if (type.kind !== 'int') return ref
  const span = spanOf(cx, node)
  const load: Form = { kind: 'load', type, ptr: ref.ptr, offset: constForm(ref.offset, span), span }
  if (type.display !== 'bool') return intValue(load, plain(type))
  return boolValue({ kind: 'compare', pred: 'ne', left: load, right: constForm(0, span), span })
}

/** What a load gives that neither swaps bytes nor knows truth values. */
export function scalarValue(cx: Cx, node: Node, type: IntType, load: Form): Value {
  const span = spanOf(cx, node)
  const swapped = type.order === 'net' && type.bits > 8
  const form: Form = swapped ? { kind: 'bswap', bits: type.bits as 16 | 32 | 64, value: load, span } : load // not 8
  if (type.display !== 'bool') return intValue(form, plain(type))
  return boolValue({ kind: 'compare', pred: 'ne', left: form, right: constForm(0, span), span })
}

export function refuseReadOnly(cx: Cx, node: Node, ref: RefValue): void {
  if (ref.readonly)
    throw failure(
      cx,
      node,
      'constant-assigned',
      'a `rodata` value cannot be assigned by a program',
      'use `global(...)`',
    )
}

/** A value as the number that a place of this type holds. */
export function scalarForm(cx: Cx, node: Node, type: IntType, value: Value): Form {
  if (type.display === 'bool') {
    const truth = truthAsNumber(cx, node, value)
    if (!truth) throw failure(cx, node, 'wrong-kind', `expected a truth value, got ${describe(value)}`)
    return castForm(cx, node, truth, u8)
  }
  return castForm(cx, node, assignable(cx, node, value, { type, what: 'the place it goes to' }), type)
}

/** Memory on the stack for one value of the type. */
export function stackRef(cx: Cx, node: Node, type: Type, options: { name: string; zeroed: boolean }): RefValue {
  const span = spanOf(cx, node)
  const size = sizeOf(type)
  // Eight bytes: fields of packed structs and copies may be as wide as that (check_stack_access, kernel/bpf/verifier.c).
  const form: Form = { kind: 'alloc', size, align: size >= 8 ? 8 : alignment(size), type, span, ...options }
  return bindRef(cx, node, form, { type, space: 'stack', nullable: false, name: options.name })
}

const alignment = (size: number): number => (size > 4 ? 8 : size > 2 ? 4 : size)

export const bytesType = (length: number): Type => ({ kind: 'array', element: u8, length })

/** Length of an array as a constant. */
export const lengthOf = (length: number): Value => constValue(length)
