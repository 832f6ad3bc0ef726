/** Binary, unary and comparison operators on values. */
import type { Form } from '../forms/node.ts'
import type { BinaryOpName, Pred } from '../tables/ir-ops.ts'
import type { IntType } from '../types/types.ts'
import { scalarName } from '../types/types.ts'
import type { Node } from './ast.ts'
import type { Cx } from './context.ts'
import { bind, constForm, failure, localForm, spanOf } from './context.ts'
import { checkOperand, foldBinary, foldCompare } from './fold.ts'
import type { Num } from './integers.ts'
import { castForm, commonType, describe, literalType, numberOf, plain, typeOfNum, wrap } from './integers.ts'
import type { Value } from './value.ts'
import { boolValue, constValue, dataValue, intValue } from './value.ts'

interface OperatorRow {
  readonly unsigned: BinaryOpName
  readonly signed: BinaryOpName
  /** The result may need cutting to its width. */
  readonly grows: boolean
}

const row = (unsigned: BinaryOpName, signed: BinaryOpName = unsigned, grows = false): OperatorRow => ({
  unsigned,
  signed,
  grows,
})

const OPERATORS: Readonly<Record<string, OperatorRow>> = {
  '+': row('add', 'add', true),
  '-': row('sub', 'sub', true),
  '*': row('mul', 'mul', true),
  '/': row('udiv', 'sdiv', true),
  '%': row('umod', 'smod'),
  '&': row('and'),
  '|': row('or'),
  '^': row('xor'),
  '<<': row('shl', 'shl', true),
  '>>': row('lshr', 'ashr'),
  '>>>': row('lshr', 'lshr'),
}

const COMPARISONS: Readonly<Record<string, { readonly unsigned: Pred; readonly signed: Pred }>> = {
  '===': { unsigned: 'eq', signed: 'eq' },
  '==': { unsigned: 'eq', signed: 'eq' },
  '!==': { unsigned: 'ne', signed: 'ne' },
  '!=': { unsigned: 'ne', signed: 'ne' },
  '<': { unsigned: 'ult', signed: 'slt' },
  '<=': { unsigned: 'ule', signed: 'sle' },
  '>': { unsigned: 'ugt', signed: 'sgt' },
  '>=': { unsigned: 'uge', signed: 'sge' },
}

/** Operators of JavaScript that have no meaning here, and what to write instead. */
export const REFUSED_OPERATORS: Readonly<Record<string, string>> = {
  '**': 'multiply, or shift for powers of two: `1 << n`',
  in: 'use the `has` or `get` method of a map',
  instanceof: 'values of the kernel have no classes',
}

export const isComparison = (operator: string): boolean => Object.hasOwn(COMPARISONS, operator)
export const isEquality = (operator: string): boolean => /^[!=]==?$/.test(operator)

export function binary(cx: Cx, node: Node, operator: string, [left, right]: readonly [Value, Value]): Value {
  if (isComparison(operator)) return compare(cx, node, operator, [left, right])
  const found = OPERATORS[operator]
  if (!found) throw failure(cx, node, 'unsupported', `\`${operator}\` is not supported`, REFUSED_OPERATORS[operator])
  return arithmetic(cx, node, operator, [numberOf(cx, node, left), numberOf(cx, node, right)])
}

function arithmetic(cx: Cx, node: Node, operator: string, [a, b]: readonly [Num, Num]): Num {
  if (a.kind === 'const' && b.kind === 'const') return foldBinary(cx, node, operator, [a, b])
  const isShift = operator.startsWith('<<') || operator.startsWith('>>')
  const type = isShift ? shiftedType(a, operator) : commonType(cx, node, operator, [a, b])
  if (b.kind === 'const') checkOperand(cx, node, operator, [type, b.value])
  const { unsigned, signed, grows } = OPERATORS[operator]!
  const left = castForm(cx, node, a, type)
  const right = isShift ? castForm(cx, node, b, typeOfNum(b)) : castForm(cx, node, b, type)
  const form: Form = { kind: 'binary', op: type.signed ? signed : unsigned, left, right, span: spanOf(cx, node) }
  const result = intValue(grows ? cut(cx, node, form, type) : form, type)
  const max = type.signed ? undefined : largest(operator, a, b)
  return max === undefined ? result : { ...result, max }
}

/** The largest result of operators with a constant that bound it: `x & 0xff` goes into a u8 without a cast. */
function largest(operator: string, a: Num, b: Num): bigint | undefined {
  const [x, y] = [a, b].map((num) => (num.kind === 'const' ? num.value : num.max))
  const known = [x, y].filter((value) => value !== undefined && value >= 0n) as bigint[]
  switch (operator) {
    case '&':
      return known.sort((p, q) => (p < q ? -1 : 1))[0]
    case '%':
      return b.kind === 'const' ? b.value - 1n : undefined
    case '>>':
    case '>>>':
      return b.kind === 'const' ? (x ?? (1n << BigInt(typeOfNum(a).bits)) - 1n) >> b.value : undefined
    default:
      return undefined
  }
}

/** `>>>` looks at the bits. */
function shiftedType(a: Num, operator: string): IntType {
  const type = plain(typeOfNum(a))
  return operator === '>>>' ? plain({ ...type, signed: false }) : type
}

/** A 64-bit result as its type has it in a register. */
function cut(cx: Cx, node: Node, form: Form, type: IntType): Form {
  return type.bits === 64 ? form : { kind: 'cast', type: plain(type), value: form, span: spanOf(cx, node) }
}

export function negate(cx: Cx, node: Node, value: Value): Num {
  const num = numberOf(cx, node, value)
  if (num.kind === 'const') return constValue(num.type ? wrap(-num.value, num.type) : -num.value, num.type)
  if (!num.type.signed) {
    throw failure(
      cx,
      node,
      'mixed-signedness',
      `\`-\` of an unsigned ${scalarName(num.type)}`,
      `cast it to a signed type: \`-i${num.type.bits}(x)\``,
    )
  }
  return intValue(cut(cx, node, { kind: 'negate', value: num.form, span: spanOf(cx, node) }, num.type), num.type)
}

export function invert(cx: Cx, node: Node, value: Value): Num {
  const num = numberOf(cx, node, value)
  if (num.kind === 'const') return constValue(num.type ? wrap(~num.value, num.type) : ~num.value, num.type)
  const ones = num.type.signed ? -1n : (1n << BigInt(num.type.bits)) - 1n
  const right = constForm(ones, spanOf(cx, node))
  return intValue({ kind: 'binary', op: 'xor', left: num.form, right, span: spanOf(cx, node) }, num.type)
}

// --- comparisons

function compare(cx: Cx, node: Node, operator: string, [a, b]: readonly [Value, Value]): Value {
  const known = compareData(operator, a, b)
  if (known !== undefined) return dataValue({ kind: 'boolean', value: known })
  const truths = [truth(cx, node, a), truth(cx, node, b)] as const
  if (truths[0] && truths[1]) return compareTruths(cx, node, operator, [truths[0], truths[1]])
  const [x, y] = [comparable(cx, node, a), comparable(cx, node, b)]
  if (x.kind === 'const' && y.kind === 'const') {
    return dataValue({ kind: 'boolean', value: foldCompare(operator, x.value, y.value) })
  }
  const type = commonType(cx, node, operator, [x, y])
  const { unsigned, signed } = COMPARISONS[operator]!
  return boolValue({
    kind: 'compare',
    pred: type.signed ? signed : unsigned,
    left: castForm(cx, node, x, type),
    right: castForm(cx, node, y, type),
    span: spanOf(cx, node),
  })
}

function comparable(cx: Cx, node: Node, value: Value): Num {
  if (value.kind !== 'ref' || value.type.kind === 'int') return numberOf(cx, node, value)
  throw failure(
    cx,
    node,
    'wrong-kind',
    `${describe(value)} cannot be compared as a whole`,
    'compare its fields or elements',
  )
}

/** Strings and booleans that are known. */
function compareData(operator: string, a: Value, b: Value): boolean | undefined {
  if (a.kind !== 'data' || b.kind !== 'data' || !isEquality(operator)) return undefined
  const isText = a.data.kind === 'string' && b.data.kind === 'string'
  const isTruth = a.data.kind === 'boolean' && b.data.kind === 'boolean'
  if (!isText && !isTruth) return undefined
  const equal = (a.data as { value: unknown }).value === (b.data as { value: unknown }).value
  return operator.startsWith('!') ? !equal : equal
}

function truth(cx: Cx, node: Node, value: Value): Form | undefined {
  if (value.kind === 'bool') return value.form
  if (value.kind === 'data' && value.data.kind === 'boolean')
    return constForm(value.data.value ? 1 : 0, spanOf(cx, node))
  return undefined
}

function compareTruths(cx: Cx, node: Node, operator: string, [left, right]: readonly [Form, Form]): Value {
  if (!isEquality(operator)) {
    throw failure(cx, node, 'wrong-kind', `\`${operator}\` of truth values`, 'use `&&`, `||` and `!`')
  }
  const pred = operator.startsWith('!') ? 'ne' : 'eq'
  return boolValue({ kind: 'compare', pred, left, right, span: spanOf(cx, node) })
}

/** A truth value as the number 0 or 1, of the type u8. */
export function truthAsNumber(cx: Cx, node: Node, value: Value): Num | undefined {
  if (value.kind === 'data' && value.data.kind === 'boolean') return constValue(value.data.value ? 1 : 0)
  if (value.kind !== 'bool') return undefined
  const span = spanOf(cx, node)
  const local = bind(cx, span, { name: 'truth', init: value.form, type: plain(literalType(0n)) })
  return intValue(localForm(local, span), local.type!)
}
