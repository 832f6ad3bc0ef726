/** `a.b` and `a[i]` as values. */
import type { Captured } from '../dsl/capture.ts'
import { sizeOf } from '../types/layout.ts'
import type { Node } from './ast.ts'
import type { Cx } from './context.ts'
import { failure } from './context.ts'
import { contextMember } from './ctx.ts'
import { globalRef } from './globals.ts'
import { describe, numberOf } from './integers.ts'
import { kernelMember } from './kernel.ts'
import { elementRef, fieldRef, readPlace, usable } from './memory.ts'
import { fromCaptured } from './names.ts'
import type { DataValue, Value } from './value.ts'
import { constValue } from './value.ts'

export function member(cx: Cx, node: Node, value: Value, name: string): Value {
  switch (value.kind) {
    case 'ref':
      if (value.type.kind === 'array' && name === 'length') return constValue(value.type.length)
      return readPlace(cx, node, fieldRef(cx, node, usable(cx, node, value), name))
    case 'ctx':
      return contextMember(cx, node, name)
    case 'kernel':
      return kernelMember(cx, node, value, name)
    case 'data':
      return dataMember(cx, node, value, name)
    case 'list':
      if (name === 'length') return constValue(value.items.length)
      break
    case 'object': {
      const found = value.entries.get(name)
      if (found) return found
      break
    }
    case 'null':
      throw failure(cx, node, 'unchecked-null', `\`.${name}\` of null`)
  }
  throw failure(cx, node, 'unknown-field', `${describe(value)} has no field \`${name}\``)
}

function dataMember(cx: Cx, node: Node, { data }: DataValue, name: string): Value {
  switch (data.kind) {
    case 'object': {
      const found = data.entries.get(name)
      if (found) return fromCaptured(cx, node, found)
      const names = [...data.entries.keys()]
      const hint = names.length > 0 && names.length <= 12 ? `it has ${names.join(', ')}` : undefined
      throw failure(cx, node, 'unknown-field', `the captured object has no field \`${name}\``, hint)
    }
    case 'array':
      if (name === 'length') return constValue(data.items.length)
      break
    case 'string':
      if (name === 'length') return constValue(data.value.length)
      break
    case 'schema':
      if (name === 'size') return constValue(sizeOf(data.type))
      break
    case 'global': {
      const ref = globalRef(cx, node, data)
      return readPlace(cx, node, fieldRef(cx, node, ref, name))
    }
    case 'map':
      if (name === 'maxEntries') return constValue(data.maxEntries)
      throw failure(
        cx,
        node,
        'unknown-field',
        `a map has no field \`${name}\``,
        'its methods are called: `counts.get(key)`',
      )
  }
  throw failure(cx, node, 'unknown-field', `${describe({ kind: 'data', data })} has no field \`${name}\``)
}

export function element(cx: Cx, node: Node, value: Value, index: Value): Value {
  switch (value.kind) {
    case 'ref':
      return readPlace(cx, node, elementRef(cx, node, usable(cx, node, value), index))
    case 'list':
      return value.items[constantIndex(cx, node, index, value.items.length)]!
    case 'data':
      if (value.data.kind === 'array') {
        const { items } = value.data
        return fromCaptured(cx, node, items[constantIndex(cx, node, index, items.length)]!)
      }
      if (value.data.kind === 'object') return dataMember(cx, node, value, keyText(cx, node, index))
      if (value.data.kind === 'global' && value.data.type.kind === 'array') {
        return readPlace(cx, node, elementRef(cx, node, globalRef(cx, node, value.data), index))
      }
  }
  throw failure(cx, node, 'wrong-kind', `${describe(value)} has no elements`)
}

/** Data that is known at compile time exists only there: so must the index be. */
function constantIndex(cx: Cx, node: Node, index: Value, length: number): number {
  const num = numberOf(cx, node, index)
  if (num.kind !== 'const') {
    throw failure(
      cx,
      node,
      'not-constant',
      'an element of a constant array is chosen at compile time, and this index is known at run time only',
      'loop over the array with `for..of`, or put it into a `rodata(array(...), [...])`',
    )
  }
  if (num.value >= 0n && num.value < BigInt(length)) return Number(num.value)
  throw failure(
    cx,
    node,
    'index-out-of-range',
    `the index ${num.value} is outside of the array, which has ${length} elements`,
  )
}

function keyText(cx: Cx, node: Node, index: Value): string {
  if (index.kind === 'const') return String(index.value)
  if (index.kind === 'data' && index.data.kind === 'string') return index.data.value
  throw failure(
    cx,
    node,
    'not-constant',
    'a field of a constant object is chosen at compile time',
    'use `switch`, or a map',
  )
}

/** The elements of something that a loop can unroll over; undefined: it is not known at compile time. */
export function knownItems(cx: Cx, node: Node, value: Value): readonly Value[] | undefined {
  if (value.kind === 'list') return value.items
  if (value.kind !== 'data' || value.data.kind !== 'array') return undefined
  return value.data.items.map((item: Captured) => fromCaptured(cx, node, item))
}
