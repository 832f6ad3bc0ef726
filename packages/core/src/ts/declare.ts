/** `const`, `let`, parameters: gives names to values. Names that are never assigned stand for the value itself. */

import type { Form } from '../forms/node.ts'
import { sizeOf } from '../types/layout.ts'
import { member } from './access.ts'
import type { Node, ObjectPattern, Pattern, VariableDeclaration } from './ast.ts'
import { REFUSED } from './ast.ts'
import { sameLayout } from './construct.ts'
import type { Cx } from './context.ts'
import { bind, constForm, emit, failure, knows, localForm, Reported, spanOf } from './context.ts'
import { checkedView } from './ctx.ts'
import { assignable, castForm, describe, literalType, plain } from './integers.ts'
import { boolLocalType } from './join.ts'
import { kernelAddress, structOf } from './kernel.ts'
import { addressForm, nullableForm } from './memory.ts'
import { annotatedType } from './names.ts'
import { truthAsNumber } from './operators.ts'
import type { KernelValue, RefValue, Slot, Value } from './value.ts'
import { boolValue, constValue, intValue } from './value.ts'

export function declare(cx: Cx, node: VariableDeclaration): void {
  if (node.kind === 'using' || node.kind === 'await using') {
    throw failure(cx, node, 'unsupported', '`using` is not supported in kernel functions', 'release it on every path')
  }
  for (const { id, init } of node.declarations) {
    try {
      const value = init ? cx.lower.value(init) : undefined
      if (value) bindPattern(cx, id, value)
      else declareEmpty(cx, id)
    } catch (error) {
      for (const name of namesOf(id)) cx.scope.names.set(name, { kind: 'broken' })
      throw error
    }
  }
}

/** `let x: u32`: 0 until it is assigned. */
function declareEmpty(cx: Cx, id: Pattern): void {
  const type = id.type === 'Identifier' ? annotatedType(cx, id.typeAnnotation) : undefined
  if (id.type !== 'Identifier' || !type || type === 'boolean') {
    throw failure(
      cx,
      id as Node,
      'bad-type',
      'this variable has neither a value nor an integer type',
      'write `let x: u32 = 0`',
    )
  }
  bindPattern(cx, id, constValue(0, type))
}

export function bindPattern(cx: Cx, pattern: Pattern, value: Value): void {
  switch (pattern.type) {
    case 'Identifier':
      cx.scope.names.set(pattern.name, slotFor(cx, pattern, value))
      return
    case 'ObjectPattern':
      destructure(cx, pattern, value)
      return
    default: {
      const [name, hint] = REFUSED[pattern.type] ?? ['this pattern', undefined]
      throw failure(cx, pattern as Node, 'unsupported', `${name} is not supported in kernel functions`, hint)
    }
  }
}

function destructure(cx: Cx, pattern: ObjectPattern, value: Value): void {
  for (const property of pattern.properties) {
    if (property.type !== 'Property' || property.computed || property.key.type !== 'Identifier') {
      const [name, hint] = REFUSED[property.type] ?? ['a computed name', 'name the field']
      throw failure(
        cx,
        property as unknown as Node,
        'unsupported',
        `${name} is not supported in kernel functions`,
        hint,
      )
    }
    const { key } = property
    bindPattern(cx, property.value as Pattern, member(cx, key, value, key.name))
  }
}

function namesOf(pattern: Pattern): string[] {
  if (pattern.type === 'Identifier') return [pattern.name]
  if (pattern.type !== 'ObjectPattern') return []
  return pattern.properties.flatMap((p) => (p.type === 'Property' ? namesOf(p.value as Pattern) : []))
}

type NamePattern = Extract<Pattern, { type: 'Identifier' }>

function slotFor(cx: Cx, node: NamePattern, value: Value): Slot {
  const annotated = annotatedType(cx, node.typeAnnotation)
  const isVariable = cx.frame.assigned.has(node.name)
  switch (value.kind) {
    case 'const':
    case 'int':
      return numberSlot(cx, node, { value, annotated, isVariable })
    case 'bool':
      return truthSlot(cx, node, value)
    case 'ref':
      return isVariable ? refVariable(cx, node, value) : { kind: 'value', value: refConstant(cx, node, value) }
    case 'kernel':
      return kernelSlot(cx, node, value)
    case 'data':
      if (value.data.kind === 'boolean' && isVariable) return truthSlot(cx, node, value)
      break
    case 'void':
      throw failure(cx, node, 'wrong-kind', `\`${node.name}\` gets no value: the call gives nothing`)
  }
  if (!isVariable) return { kind: 'value', value }
  throw failure(
    cx,
    node,
    'wrong-kind',
    `\`${node.name}\` is assigned later, and variables hold numbers or references; this is ${describe(value)}`,
    value.kind === 'null' ? 'give it a reference first, or use two names' : 'use `const`',
  )
}

interface NumberInit {
  readonly value: Extract<Value, { kind: 'const' | 'int' }>
  readonly annotated: ReturnType<typeof annotatedType>
  readonly isVariable: boolean
}

function numberSlot(cx: Cx, node: NamePattern, { value, annotated, isVariable }: NumberInit): Slot {
  if (annotated === 'boolean')
    throw failure(cx, node, 'wrong-kind', `\`${node.name}\` is boolean; this is ${describe(value)}`)
  const what = `\`${node.name}\``
  const held = annotated ? assignable(cx, node, value, { type: annotated, what }) : value
  if (!isVariable && held.kind === 'const') return { kind: 'value', value: held }
  const type = plain(held.type ?? literalType((held as { value: bigint }).value))
  const span = spanOf(cx, node)
  const local = bind(cx, span, { name: node.name, init: castForm(cx, node, held, type), type })
  if (isVariable) return { kind: 'int', local, type }
  const named = intValue(localForm(local, span), type)
  return { kind: 'value', value: held.kind === 'int' && held.max !== undefined ? { ...named, max: held.max } : named }
}

function truthSlot(cx: Cx, node: NamePattern, value: Value): Slot {
  const span = spanOf(cx, node)
  const init = truthAsNumber(cx, node, value)!
  const local = bind(cx, span, { name: node.name, init: castForm(cx, node, init, boolLocalType), type: boolLocalType })
  return cx.frame.assigned.has(node.name)
    ? { kind: 'bool', local }
    : { kind: 'value', value: boolValue(localForm(local, span)) }
}

/** A reference in a variable that is assigned: null or not is a property of the variable from now on. */
function refVariable(cx: Cx, node: NamePattern, value: RefValue): Slot {
  const span = spanOf(cx, node)
  const isThere = !value.nullness || knows(cx, value.nullness.key)
  const local = bind(cx, span, { name: node.name, init: value.bounds ? endForm(value) : nullableForm(cx, value) })
  const ptr = localForm(local, span)
  const held: RefValue = value.bounds
    ? checkedView(cx, node, { type: value.type, ptr, offset: -sizeOf(value.type) })
    : { ...value, ptr, offset: 0, nullness: { key: {}, test: ptr } }
  if (isThere) cx.known?.add(held.nullness!.key)
  return { kind: 'ref', local, value: { ...held, variable: true } }
}

/** `let task = ...; task = task.parent`: the pointer is a variable. A constant has a pointer of its own, too. */
function kernelSlot(cx: Cx, node: NamePattern, value: KernelValue): Slot {
  if (value.steps.length > 0 && !cx.frame.assigned.has(node.name)) return { kind: 'value', value }
  const span = spanOf(cx, node)
  const local = bind(cx, span, { name: node.name, init: kernelAddress(cx, node, value) })
  const root = value.steps.length > 0 ? structOf(cx, value.def) : value.root
  return { kind: 'kernel', local, value: { ...value, ptr: localForm(local, span), root, steps: [] } }
}

function assignKernel(cx: Cx, node: NamePattern, slot: Extract<Slot, { kind: 'kernel' }>, value: Value): void {
  const held = slot.value
  const span = spanOf(cx, node)
  const isNull = value.kind === 'null' && !held.direct
  if (!isNull && (value.kind !== 'kernel' || value.def.struct !== held.def.struct || (held.direct && !value.direct))) {
    const message = `\`${node.name}\` holds ${describe(held)}; this is ${describe(value)}`
    throw failure(cx, node, 'wrong-kind', message, 'use two variables')
  }
  const form = value.kind === 'kernel' ? kernelAddress(cx, node, value) : constForm(0, span)
  emit(cx, { kind: 'set', local: slot.local, value: form, span })
}

/** A view in a variable is held by its end: the bounds check and the step to the next view then need no addition. */
const endForm = (view: RefValue): Form => addressForm({ ...view, offset: view.offset + sizeOf(view.type) })

function refConstant(cx: Cx, node: NamePattern, value: RefValue): RefValue {
  if (!value.variable) {
    // Messages about records name the variable.
    if (value.record && value.ptr.kind === 'local') Object.assign(value.ptr.local, { name: node.name })
    return value
  }
  const span = spanOf(cx, node)
  const ptr = localForm(bind(cx, span, { name: node.name, init: value.ptr }), span)
  const isThere = !value.nullness || knows(cx, value.nullness.key)
  const { variable: _, ...rest } = value
  if (isThere) return { ...rest, ptr, nullness: undefined }
  return value.bounds
    ? checkedView(cx, node, { type: value.type, ptr, offset: value.offset })
    : { ...rest, ptr, nullness: { key: {}, test: ptr } }
}

/** `x = value` for a name. */
export function assignName(cx: Cx, node: Extract<Pattern, { type: 'Identifier' }>, slot: Slot, value: Value): void {
  const span = spanOf(cx, node)
  switch (slot.kind) {
    case 'int': {
      const { local, type } = slot
      const what = `\`${node.name}\``
      const num = assignable(cx, node, value, { type, what })
      emit(cx, { kind: 'set', local, value: castForm(cx, node, num, type), span })
      return
    }
    case 'bool': {
      const truth = truthAsNumber(cx, node, value)
      if (!truth)
        throw failure(cx, node, 'wrong-kind', `\`${node.name}\` holds truth values; this is ${describe(value)}`)
      emit(cx, { kind: 'set', local: slot.local, value: castForm(cx, node, truth, boolLocalType), span })
      return
    }
    case 'ref':
      assignReference(cx, node, slot, value)
      return
    case 'kernel':
      assignKernel(cx, node, slot, value)
      return
    case 'broken':
      throw new Reported()
    case 'value':
      throw failure(cx, node, 'constant-assigned', `\`${node.name}\` cannot be assigned`)
  }
}

function assignReference(cx: Cx, node: NamePattern, slot: Extract<Slot, { kind: 'ref' }>, value: Value): void {
  const span = spanOf(cx, node)
  const held = slot.value
  const key = held.nullness!.key
  if (value.kind === 'null' && !held.bounds) {
    emit(cx, { kind: 'set', local: slot.local, value: { kind: 'const', value: 0n, span }, span })
    cx.known?.delete(key)
    return
  }
  const isLike = value.kind === 'ref' && value.space === held.space && sameLayout(value.type, held.type)
  const isThere = value.kind === 'ref' && (!value.nullness || knows(cx, value.nullness.key))
  if (!isLike || (held.bounds && !value.bounds && !isThere)) {
    const other = value.kind === 'ref' ? ' of another kind' : ''
    const message = `\`${node.name}\` holds ${describe(held)}; this is ${describe(value)}${other}`
    throw failure(cx, node, 'wrong-kind', message, 'use two variables')
  }
  const form = held.bounds ? endForm(value) : nullableForm(cx, value)
  emit(cx, { kind: 'set', local: slot.local, value: form, span })
  if (isThere) cx.known?.add(key)
  else cx.known?.delete(key)
}
