/** Expressions to values. */
import type { Form } from '../forms/node.ts'
import { element, member } from './access.ts'
import { assignment, update } from './assign.ts'
import type { Binary, Conditional, Expr, Literal, Logical, Member, Node, ObjectLiteral, Unary, Wrapper } from './ast.ts'
import { REFUSED, unwrapped } from './ast.ts'
import { call } from './calls.ts'
import { condition, negated, truthForm, truthOf } from './conditions.ts'
import type { Cx, Item } from './context.ts'
import { branch, constForm, failure, foldItems, joinKnown, knows, spanOf } from './context.ts'
import { assignable, describe } from './integers.ts'
import { join } from './join.ts'
import { usable } from './memory.ts'
import { annotatedType, lookup } from './names.ts'
import { binary, invert, isComparison, isEquality, negate } from './operators.ts'
import { evaluateAll } from './order.ts'
import type { RefValue, Value } from './value.ts'
import { boolValue, constValue, dataValue, NULL_VALUE, VOID_VALUE } from './value.ts'

export function evaluate(cx: Cx, expr: Expr): Value {
  if (expr.type === 'TSAsExpression' || expr.type === 'TSSatisfiesExpression') return annotated(cx, expr)
  const node = unwrapped(expr)
  switch (node.type) {
    case 'Identifier':
      return lookup(cx, node)
    case 'Literal':
      return literal(cx, node)
    case 'TemplateLiteral':
      if (node.expressions.length === 0) return dataValue({ kind: 'string', value: node.quasis[0]!.value.cooked ?? '' })
      throw failure(
        cx,
        node,
        'unsupported',
        'a template with parts is not supported in kernel functions',
        "print numbers with `bpf.printk('pid %d', pid)`",
      )
    case 'UnaryExpression':
      return unary(cx, node)
    case 'UpdateExpression':
      return update(cx, node)
    case 'BinaryExpression':
      return binaryExpression(cx, node)
    case 'LogicalExpression':
      return node.operator === '??' ? coalesce(cx, node) : boolean(cx, node)
    case 'ConditionalExpression':
      return conditional(cx, node)
    case 'AssignmentExpression':
      return assignment(cx, node)
    case 'MemberExpression':
      return memberExpression(cx, node)
    case 'CallExpression':
      return call(cx, node)
    case 'SequenceExpression':
      return evaluateAll(cx, node.expressions).at(-1) ?? VOID_VALUE
    case 'ObjectExpression':
      return objectLiteral(cx, node)
    case 'ArrayExpression':
      return {
        kind: 'list',
        items: evaluateAll(
          cx,
          node.elements.map((item) => listItem(cx, node, item)),
        ),
      }
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
    case 'FunctionDeclaration':
      return { kind: 'closure', node, scope: cx.scope, frame: cx.frame, name: node.id?.name ?? '' }
    default:
      throw refused(cx, node)
  }
}

/** A construct that is not in the language. */
export function refused(cx: Cx, node: { readonly type: string; readonly start: number; readonly end: number }) {
  const [name, hint] = REFUSED[node.type] ?? [`\`${node.type}\``, undefined]
  return failure(cx, node, 'unsupported', `${name} is not supported in kernel functions`, hint)
}

/** `x as u32` says what `tsc` should think; a number must already be of that type, and a literal gets it. */
function annotated(cx: Cx, node: Wrapper & { readonly typeAnnotation?: unknown }): Value {
  const value = cx.lower.value(node.expression)
  const type = annotatedType(cx, {
    type: 'TSTypeAnnotation',
    typeAnnotation: node.typeAnnotation as never,
    start: node.start,
    end: node.end,
  })
  if (!type || type === 'boolean' || (value.kind !== 'const' && value.kind !== 'int')) return value
  return assignable(cx, node, value, { type, what: 'the type that is asserted' })
}

function literal(cx: Cx, node: Literal): Value {
  if (node.regex)
    throw failure(
      cx,
      node,
      'unsupported',
      'a regular expression is not supported in kernel functions',
      'match in user space',
    )
  switch (typeof node.value) {
    case 'boolean':
      return dataValue({ kind: 'boolean', value: node.value })
    case 'string':
      return dataValue({ kind: 'string', value: node.value })
    case 'bigint':
      return constValue(node.value)
    case 'number':
      return numberLiteral(cx, node)
    default:
      return NULL_VALUE
  }
}

/** From the text: exact beyond 2^53. */
function numberLiteral(cx: Cx, node: Literal): Value {
  const raw = (node.raw ?? '').replaceAll('_', '')
  if (/^(0x[\da-f]+|0o[0-7]+|0b[01]+|\d+)$/i.test(raw)) return constValue(BigInt(raw))
  const value = node.value as number
  if (Number.isInteger(value)) return constValue(BigInt(value))
  throw failure(
    cx,
    node,
    'not-compilable',
    `${raw} is not an integer; the kernel has no floating point`,
    'scale it: count thousandths, or multiply by a power of two',
  )
}

function unary(cx: Cx, node: Unary): Value {
  switch (node.operator) {
    case '!': {
      const test = negated(condition(cx, node.argument))
      return test.known === undefined ? boolValue(truthForm(test)) : dataValue({ kind: 'boolean', value: test.known })
    }
    case '-':
      return negate(cx, node, cx.lower.value(node.argument))
    case '~':
      return invert(cx, node, cx.lower.value(node.argument))
    case '+':
      return binary(cx, node, '+', [constValue(0), cx.lower.value(node.argument)])
    case 'void':
      cx.lower.value(node.argument)
      return VOID_VALUE
    default: {
      const hint = node.operator === 'typeof' ? 'types are known at compile time' : 'use the `delete` method of the map'
      throw failure(cx, node, 'unsupported', `\`${node.operator}\` is not supported in kernel functions`, hint)
    }
  }
}

function binaryExpression(cx: Cx, node: Binary): Value {
  // Tests for null look at the reference, not at what it refers to.
  if (isEquality(node.operator) && [node.left, node.right].some(isNullLiteral)) return boolean(cx, node)
  if (isOptional(node.left)) return boolean(cx, node)
  const [left, right] = evaluateAll(cx, [node.left, node.right])
  if (isComparison(node.operator) || (left && right)) return binary(cx, node, node.operator, [left!, right!])
  throw refused(cx, node)
}

const isOptional = (expr: Expr): boolean => {
  const node = unwrapped(expr)
  return node.type === 'MemberExpression' && node.optional
}

const isNullLiteral = (expr: Expr): boolean => {
  const node = unwrapped(expr)
  return (node.type === 'Literal' && node.raw === 'null') || (node.type === 'Identifier' && node.name === 'undefined')
}

function boolean(cx: Cx, node: Logical | Binary): Value {
  const test = condition(cx, node)
  return test.known === undefined ? boolValue(truthForm(test)) : dataValue({ kind: 'boolean', value: test.known })
}

function memberExpression(cx: Cx, node: Member): Value {
  if (node.optional)
    throw failure(
      cx,
      node,
      'unsupported',
      '`?.` is supported only on the left of comparisons and of `??`',
      'test for null with `if`, or write `x?.value ?? 0`',
    )
  if (!node.computed) {
    if (node.property.type !== 'Identifier') throw refused(cx, node.property)
    return member(cx, node, there(cx, node.object, cx.lower.value(node.object)), node.property.name)
  }
  const [owner, index] = evaluateAll(cx, [node.object, node.property])
  return element(cx, node, there(cx, node.object, owner!), index!)
}

/** A reference that is null is reported at its own place, not at that of the field. */
const there = (cx: Cx, node: Expr, value: Value): Value => (value.kind === 'ref' ? usable(cx, node, value) : value)

function objectLiteral(cx: Cx, node: ObjectLiteral): Value {
  const names: string[] = []
  const parts: Expr[] = []
  for (const property of node.properties) {
    if (property.type !== 'Property') throw refused(cx, property)
    const { key } = property
    const name = key.type === 'Identifier' ? key.name : key.type === 'Literal' ? String(key.value) : undefined
    if (property.computed || property.method || property.kind !== 'init' || name === undefined) {
      throw failure(
        cx,
        property,
        'unsupported',
        'only plain fields are supported in object literals of kernel functions',
      )
    }
    names.push(name)
    parts.push(property.value as Expr) // a pattern only in patterns
  }
  const values = evaluateAll(cx, parts)
  return { kind: 'object', entries: new Map(names.map((name, i) => [name, values[i]!])) }
}

function listItem(
  cx: Cx,
  node: Node,
  item: Expr | { readonly type: 'SpreadElement'; readonly start: number; readonly end: number } | null,
): Expr {
  if (!item) throw failure(cx, node, 'unsupported', 'an array with holes is not supported in kernel functions')
  if (item.type === 'SpreadElement') throw refused(cx, item)
  return item as Expr
}

// --- choices

/** One side of a choice: its steps are kept apart. */
interface Side {
  readonly items: readonly Item[]
  readonly value: Value
  readonly known: Cx['known']
}

function side(cx: Cx, learned: readonly object[], lower: () => Value): Side {
  const outer = cx.out
  cx.out = []
  try {
    const { result, known } = branch(cx, learned, () => settle(cx, lower()))
    return { items: cx.out, value: result, known }
  } finally {
    cx.out = outer
  }
}

/** What is known of a reference goes with it where the knowledge ends. */
export function settle(cx: Cx, value: Value): Value {
  if (value.kind !== 'ref' || !value.nullness || !knows(cx, value.nullness.key)) return value
  const { variable: _, ...rest } = value
  return { ...rest, nullness: undefined }
}

function conditional(cx: Cx, node: Conditional): Value {
  const test = condition(cx, node.test)
  if (test.known !== undefined) return cx.lower.value(test.known ? node.consequent : node.alternate)
  const then = side(cx, test.yes, () => cx.lower.value(node.consequent))
  const other = side(cx, test.no, () => cx.lower.value(node.alternate))
  return choose(cx, node, test.form, [then, other])
}

function choose(cx: Cx, node: Node, test: Form, [then, other]: readonly [Side, Side]): Value {
  const span = spanOf(cx, node)
  const joined = join(cx, node, [then.value, other.value])
  const form = ({ items, value }: Side) => foldItems(items, joined.form?.(value) ?? constForm(0, span), span)
  cx.known = joinKnown(then.known, other.known)
  const choice: Form = { kind: 'if', test, then: form(then), else: form(other), span }
  if (!joined.form) cx.out.push({ kind: 'form', form: choice })
  return joined.value(choice)
}

/** `counts.get(key)?.value ?? 0`. */
function coalesce(cx: Cx, node: Logical): Value {
  const left = unwrapped(node.left)
  const isOptional = left.type === 'MemberExpression' && left.optional
  const owner = cx.lower.value(isOptional ? left.object : left)
  if (owner.kind === 'null') return cx.lower.value(node.right)
  if (owner.kind !== 'ref') {
    throw failure(cx, node, 'wrong-kind', `the left side of \`??\` may be null; this is ${describe(owner)}`)
  }
  const read = (): Value => (isOptional ? part(cx, left, owner) : owner)
  const test = truthOf(cx, node, owner)
  if (test.known || knows(cx, owner.nullness!.key)) return read()
  const then = side(cx, test.yes, read)
  const other = side(cx, test.no, () => cx.lower.value(node.right))
  return choose(cx, node, test.form, [then, other])
}

function part(cx: Cx, node: Member, owner: RefValue): Value {
  if (!node.computed && node.property.type === 'Identifier') return member(cx, node, owner, node.property.name)
  return element(cx, node, owner, cx.lower.value(node.property))
}
