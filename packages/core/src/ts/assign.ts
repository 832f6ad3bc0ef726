/** `a = b`, `a += b`, `a++` on names, fields, elements, map elements and fields of the context. */

import { element } from './access.ts'
import type { Assignment, Expr, Identifier, Member, Node, Pattern, Update } from './ast.ts'
import { REFUSED, unwrapped } from './ast.ts'
import { writePlace } from './construct.ts'
import type { Cx } from './context.ts'
import { failure } from './context.ts'
import { assignContext, contextMember } from './ctx.ts'
import { assignName } from './declare.ts'
import { globalRef } from './globals.ts'
import { describe, stable } from './integers.ts'
import { mapMethod } from './maps.ts'
import { elementRef, fieldRef, readPlace, usable } from './memory.ts'
import { findSlot, lookup } from './names.ts'
import { binary } from './operators.ts'
import { evaluateAll } from './order.ts'
import type { DataValue, RefValue, Value } from './value.ts'
import { constValue, VOID_VALUE } from './value.ts'

/** A place that can be read and written; `add`: maps have an addition of their own. */
interface Place {
  readonly read: () => Value
  readonly write: (value: Value) => void
  readonly add?: (value: Value) => void
}

const LOGICAL: ReadonlySet<string> = new Set(['&&=', '||=', '??='])

export function assignment(cx: Cx, node: Assignment): Value {
  if (LOGICAL.has(node.operator)) {
    throw failure(cx, node, 'unsupported', `\`${node.operator}\` is not supported in kernel functions`, 'use `if`')
  }
  const place = placeOf(cx, node, node.left)
  const operator = node.operator.slice(0, -1)
  if (operator === '') {
    const value = cx.lower.value(node.right)
    place.write(value)
    return value
  }
  const right = cx.lower.value(node.right)
  return change(cx, node, place, { operator, right })
}

function change(cx: Cx, node: Node, place: Place, { operator, right }: { operator: string; right: Value }): Value {
  if (place.add && (operator === '+' || (operator === '-' && right.kind === 'const'))) {
    place.add(operator === '-' && right.kind === 'const' ? { ...right, value: -right.value } : right)
    return VOID_VALUE
  }
  const result = binary(cx, node, operator, [place.read(), right])
  const value = result.kind === 'int' ? stable(cx, node, result, 'value') : result
  place.write(value)
  return value
}

export function update(cx: Cx, node: Update): Value {
  const place = placeOf(cx, node, node.argument as Pattern)
  const operator = node.operator[0]!
  if (node.prefix || place.add) return change(cx, node, place, { operator, right: constValue(1) })
  const read = place.read()
  // The old value is what the expression gives.
  const before = read.kind === 'int' ? stable(cx, node, read, 'before') : read
  place.write(binary(cx, node, operator, [before, constValue(1)]))
  return before
}

function placeOf(cx: Cx, node: Node, pattern: Pattern | Expr): Place {
  const target = unwrapped(pattern as Expr)
  switch (target.type) {
    case 'Identifier':
      return namePlace(cx, target)
    case 'MemberExpression':
      return memberPlace(cx, target)
    default: {
      const [name, hint] = REFUSED[target.type] ?? ['this', 'assign names, fields and elements']
      throw failure(cx, node, 'unsupported', `an assignment to ${name} is not supported in kernel functions`, hint)
    }
  }
}

function namePlace(cx: Cx, node: Identifier): Place {
  const slot = findSlot(cx.scope, node.name)
  if (!slot) {
    if (!cx.frame.captures?.captures.has(node.name)) lookup(cx, node)
    throw failure(
      cx,
      node,
      'constant-assigned',
      `\`${node.name}\` belongs to the module; a program cannot assign it`,
      'share numbers through `global(u64, 0)` or a map',
    )
  }
  return { read: () => lookup(cx, node), write: (value) => assignName(cx, node, slot, value) }
}

function memberPlace(cx: Cx, node: Member): Place {
  const inner = unwrapped(node.object)
  if (node.computed && inner.type === 'MemberExpression' && !inner.computed) {
    const owner = cx.lower.value(inner.object)
    if (owner.kind === 'ctx') return contextElement(cx, node, (inner.property as Identifier).name)
  }
  if (!node.computed) return fieldPlace(cx, node)
  const [owner, index] = evaluateAll(cx, [node.object, node.property])
  if (owner!.kind === 'data' && owner!.data.kind === 'map') return mapPlace(cx, node, owner as DataValue, index!)
  const ref = referenceOf(cx, node.object, owner!)
  const place = elementRef(cx, node, ref, index!)
  return { read: () => readPlace(cx, node, place), write: (value) => writePlace(cx, node, place, value) }
}

function fieldPlace(cx: Cx, node: Member): Place {
  const name = (node.property as Identifier).name
  const owner = cx.lower.value(node.object)
  if (owner.kind === 'ctx') {
    return {
      read: () => contextMember(cx, node, name),
      write: (value) => assignContext(cx, node, { name, index: undefined }, value),
    }
  }
  const place = fieldRef(cx, node, referenceOf(cx, node.object, owner), name)
  return { read: () => readPlace(cx, node, place), write: (value) => writePlace(cx, node, place, value) }
}

function referenceOf(cx: Cx, node: Node, owner: Value): RefValue {
  if (owner.kind === 'ref') return usable(cx, node, owner)
  if (owner.kind === 'data' && owner.data.kind === 'global') return globalRef(cx, node, owner.data)
  if (owner.kind === 'kernel') {
    throw failure(
      cx,
      node,
      'read-only-field',
      'kernel memory cannot be assigned by a program',
      'only what lies in maps and contexts can',
    )
  }
  const isData = owner.kind === 'data' || owner.kind === 'list' || owner.kind === 'object'
  throw failure(
    cx,
    node,
    isData ? 'constant-assigned' : 'wrong-kind',
    isData
      ? `${describe(owner)} is known at compile time and cannot be changed`
      : `${describe(owner)} has nothing that could be assigned`,
    isData ? 'share data through a map or `global(...)`' : undefined,
  )
}

function contextElement(cx: Cx, node: Member, name: string): Place {
  const index = cx.lower.value(node.property)
  return {
    read: () => element(cx, node, contextMember(cx, node, name), index),
    write: (value) => assignContext(cx, node, { name, index }, value),
  }
}

/** `counts[key]`: reading gives 0 when there is no such key; `+=` and `++` lose no count. */
function mapPlace(cx: Cx, node: Member, owner: DataValue, index: Value): Place {
  if (owner.data.kind !== 'map') throw failure(cx, node, 'wrong-kind', 'expected a map')
  const def = owner.data
  return {
    read: () => {
      throw failure(
        cx,
        node,
        'wrong-map-kind',
        'an element of a map is changed by `+=` and `++`, or `set`',
        'use `get(key)` and change the value',
      )
    },
    write: (value) => {
      mapMethod(cx, node, { def, name: 'set' }, [index, value])
    },
    add: (value) => {
      mapMethod(cx, node, { def, name: 'add' }, [index, value])
    },
  }
}
