/** `atomic.add(ref, n)`, `atomic.add(ref, 'field', n)` and the other read-modify-write operations. */
import type { AtomicOp, Form } from '../forms/node.ts'
import type { Expr, Node } from './ast.ts'
import type { Cx } from './context.ts'
import { bind, constForm, emit, failure, localForm, spanOf } from './context.ts'
import { globalRef } from './globals.ts'
import { assignable, castForm, describe, plain } from './integers.ts'
import { fieldRef, partOf, refuseReadOnly, usable } from './memory.ts'
import type { RefValue, Value } from './value.ts'
import { intValue } from './value.ts'

interface AtomicRow {
  readonly op: AtomicOp
  /** The amount is negated. */
  readonly negate?: true
  readonly values: number
}

const OPERATIONS: Readonly<Record<string, AtomicRow>> = {
  add: { op: 'add', values: 1 },
  sub: { op: 'add', negate: true, values: 1 },
  and: { op: 'and', values: 1 },
  or: { op: 'or', values: 1 },
  xor: { op: 'xor', values: 1 },
  exchange: { op: 'xchg', values: 1 },
  compareExchange: { op: 'cmpxchg', values: 2 },
}

export function atomicOperation(
  cx: Cx,
  node: Node,
  { name, target, wanted }: { name: string; target: Expr | undefined; wanted: boolean },
  args: readonly Value[],
): Value {
  const row = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name]! : undefined
  if (!row)
    throw failure(
      cx,
      node,
      'unknown-form',
      `there is no \`atomic.${name}\``,
      `there are ${Object.keys(OPERATIONS).join(', ')}`,
    )
  const [owner, ...rest] = args
  const field = rest[0]?.kind === 'data' && rest[0].data.kind === 'string' ? rest[0].data.value : undefined
  const values = field === undefined ? rest : rest.slice(1)
  if (!owner || values.length !== row.values) {
    const amounts = row.values === 2 ? 'expected, value' : 'value'
    throw failure(
      cx,
      node,
      'wrong-argument-count',
      `\`atomic.${name}\` got ${args.length} arguments`,
      `usage: atomic.${name}(ref, 'field', ${amounts})`,
    )
  }
  const place = placeOf(cx, target ?? node, { owner, field })
  const type = place.type
  if (type.kind !== 'int' || type.bits < 32 || type.order === 'net') {
    throw failure(cx, node, 'bad-type', 'atomic operations are for integers of 32 or 64 bits', 'use a u32 or u64 field')
  }
  refuseReadOnly(cx, node, place)
  const forms = values.map((value) =>
    castForm(cx, node, assignable(cx, node, value, { type: plain(type), what: 'the place' }), type),
  )
  const span = spanOf(cx, node)
  const last = forms.at(-1)!
  const form: Form = {
    kind: 'atomic',
    op: row.op,
    type: plain(type),
    ptr: place.ptr,
    offset: constForm(place.offset, span),
    value: row.negate ? { kind: 'negate', value: last, span } : last,
    ...(row.values === 2 ? { expected: forms[0]! } : {}),
    fetch: row.op === 'xchg' || row.op === 'cmpxchg' || wanted,
    span,
  }
  if (form.fetch)
    return intValue(localForm(bind(cx, span, { name: 'old', init: form, type: plain(type) }), span), plain(type))
  emit(cx, form)
  return { kind: 'void' }
}

function placeOf(cx: Cx, node: Node, { owner, field }: { owner: Value; field: string | undefined }): RefValue {
  const ref = owner.kind === 'data' && owner.data.kind === 'global' ? globalRef(cx, node, owner.data) : owner
  if (ref.kind !== 'ref') {
    throw failure(
      cx,
      node,
      'wrong-kind',
      `an atomic operation needs a reference, got ${describe(owner)}`,
      "pass the struct and the name of the field: atomic.add(flow, 'packets', 1)",
    )
  }
  const there = usable(cx, node, ref)
  return field === undefined ? partOf(there, there.type, 0) : fieldRef(cx, node, there, field)
}
