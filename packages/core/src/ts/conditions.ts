/**
 * Tests: an expression as a condition, with what is known on each side. `if (!eth || eth.proto !== 0x800) return` leaves
 * the rest of the function with the knowledge that `eth` is not null.
 */
import type { Form } from '../forms/node.ts'
import type { Binary, Expr, Logical, Node } from './ast.ts'
import { unwrapped } from './ast.ts'
import type { Cx } from './context.ts'
import { branch, constForm, failure, inScope, nested, spanOf } from './context.ts'
import { describe } from './integers.ts'
import { kernelTest } from './kernel.ts'
import { isComparison, isEquality } from './operators.ts'
import type { Value } from './value.ts'

export interface Condition {
  /** 0 or not 0. */
  readonly form: Form
  /** References that are not null when it holds, and when it does not. */
  readonly yes: readonly object[]
  readonly no: readonly object[]
  /** The form is a constant. */
  readonly known?: boolean
}

export function condition(cx: Cx, wrapped: Expr): Condition {
  const node = unwrapped(wrapped)
  if (node.type === 'UnaryExpression' && node.operator === '!') return negated(condition(cx, node.argument))
  if (node.type === 'LogicalExpression' && node.operator !== '??') return logical(cx, node)
  if (node.type === 'BinaryExpression' && isEquality(node.operator)) {
    const test = nullTest(cx, node)
    if (test) return test
  }
  if (node.type === 'BinaryExpression') {
    const test = optionalTest(cx, node)
    if (test) return test
  }
  return truthOf(cx, node, cx.lower.value(node))
}

/**
 * `tcp?.dport === 80` is `tcp && tcp.dport === 80`; `tcp?.dport !== 80` is its opposite; undefined: the left side is
 * no such member.
 */
function optionalTest(cx: Cx, node: Binary): Condition | undefined {
  const left = unwrapped(node.left)
  if (left.type !== 'MemberExpression' || !left.optional || !isComparison(node.operator)) return undefined
  const isOpposite = node.operator.startsWith('!')
  // The owner is evaluated once; no name of the user has a question mark.
  const owner: Expr = { type: 'Identifier', name: '?', start: left.object.start, end: left.object.end }
  const value = cx.lower.value(left.object)
  const compared: Binary = {
    ...node,
    operator: isOpposite ? node.operator.replace('!', '=') : node.operator,
    left: { ...left, object: owner, optional: false },
  }
  const found = inScope(cx, () => {
    cx.scope.names.set('?', { kind: 'value', value })
    return logical(cx, { ...node, type: 'LogicalExpression', operator: '&&', left: owner, right: compared })
  })
  return isOpposite ? negated(found) : found
}

const always = (cx: Cx, node: Node, known: boolean): Condition => ({
  form: constForm(known ? 1 : 0, spanOf(cx, node)),
  yes: [],
  no: [],
  known,
})

export function negated({ form, yes, no, known }: Condition): Condition {
  const swapped = { yes: no, no: yes }
  if (known !== undefined) return { form: { ...constForm(known ? 0 : 1, form.span) }, ...swapped, known: !known }
  return { form: { kind: 'not', value: form, span: form.span }, ...swapped }
}

/** Is the value truthy, in the sense of JavaScript? */
export function truthOf(cx: Cx, node: Node, value: Value): Condition {
  switch (value.kind) {
    case 'const':
      return always(cx, node, value.value !== 0n)
    case 'null':
      return always(cx, node, false)
    case 'int':
    case 'bool':
      return { form: value.form, yes: [], no: [] }
    case 'ref':
      if (value.nullness) return { form: value.nullness.test, yes: [value.nullness.key], no: [] }
      return always(cx, node, true)
    case 'kernel': {
      const form = kernelTest(value)
      return form ? { form, yes: [], no: [] } : always(cx, node, true)
    }
    case 'data':
      if (value.data.kind === 'boolean') return always(cx, node, value.data.value)
      if (value.data.kind === 'string') return always(cx, node, value.data.value !== '')
      return always(cx, node, true)
    case 'void':
      throw failure(cx, node, 'wrong-kind', `expected a condition, got ${describe(value)}`)
    default:
      return always(cx, node, true)
  }
}

/** `x === null`, `x != undefined`; undefined: neither side is null. */
function nullTest(cx: Cx, node: Binary): Condition | undefined {
  const isNull = (e: Expr): boolean => {
    const inner = unwrapped(e)
    return (
      (inner.type === 'Literal' && inner.value === null && inner.raw === 'null') ||
      (inner.type === 'Identifier' && inner.name === 'undefined')
    )
  }
  const other = isNull(node.right) ? node.left : isNull(node.left) ? node.right : undefined
  if (!other) return undefined
  const value = cx.lower.value(other)
  const isPointer = value.kind === 'ref' || value.kind === 'kernel' || value.kind === 'null'
  const found = isPointer ? truthOf(cx, node, value) : always(cx, node, true)
  return node.operator.startsWith('!') ? found : negated(found)
}

function logical(cx: Cx, node: Logical): Condition {
  const isAnd = node.operator === '&&'
  const left = condition(cx, node.left)
  if (left.known !== undefined) return left.known === isAnd ? condition(cx, node.right) : left
  const span = spanOf(cx, node)
  const { result: right } = branch(cx, isAnd ? left.yes : left.no, () => {
    let found: Condition | undefined
    const form = nested(cx, span, () => {
      found = condition(cx, node.right)
      return found.form
    })
    return { ...found!, form }
  })
  const both = (a: readonly object[], b: readonly object[]) => a.filter((key) => b.includes(key))
  const form: Form = { kind: isAnd ? 'and' : 'or', forms: [left.form, right.form], span }
  return isAnd
    ? { form, yes: [...left.yes, ...right.yes], no: both(left.no, [...right.no, ...left.yes]) }
    : { form, yes: both(left.yes, [...right.yes, ...left.no]), no: [...left.no, ...right.no] }
}

/** The condition as 0 or 1. */
export function truthForm({ form }: Condition): Form {
  return isTruth(form)
    ? form
    : { kind: 'if', test: form, then: constForm(1, form.span), else: constForm(0, form.span), span: form.span }
}

function isTruth(form: Form): boolean {
  if (form.kind === 'compare' || form.kind === 'not') return true
  if (form.kind === 'const') return form.value <= 1n
  if (form.kind === 'local') return form.local.type?.display === 'bool'
  return (form.kind === 'and' || form.kind === 'or') && form.forms.every(isTruth)
}
