/** Arithmetic, bits, comparisons, casts, byte order. Everything is folded when the operands are constants. */
import type { Form } from '../../forms/node.ts'
import type { BinaryOpName, Pred } from '../../tables/ir-ops.ts'
import { SCALARS, type ScalarName } from '../../types/types.ts'
import { at, binary, bswap, cast, comparison, conditional, constant, constantOf, negate, withValues } from '../build.ts'
import type { Call, Cx, SpecialForm } from '../context.ts'
import { warnDoubleBase } from '../kernel.ts'
import { syntaxError } from '../syntax.ts'
import { toForm } from '../translate.ts'
import { scalarType } from '../types.ts'
import { arg, form } from './shared.ts'

function add(cx: Cx, call: Call): Form {
  const forms = call.args.map((stx) => toForm(cx, stx))
  warnDoubleBase(cx.module, call.stx, forms)
  return forms.length === 0 ? constant(call.stx, 0) : forms.reduce((a, b) => binary(call.stx, 'add', a, b))
}

/** Left fold over any number of operands; `unit` is the value of none. */
function nary(op: BinaryOpName, unit: bigint, doc: string): SpecialForm {
  return form('integers...', doc, (cx, call) => {
    const forms = call.args.map((stx) => toForm(cx, stx))
    if (forms.length === 0) return constant(call.stx, unit)
    return forms.reduce((a, b) => binary(call.stx, op, a, b))
  })
}

function subtract(cx: Cx, call: Call): Form {
  const forms = call.args.map((stx) => toForm(cx, stx))
  return forms.length === 1 ? negate(call.stx, forms[0]!) : forms.reduce((a, b) => binary(call.stx, 'sub', a, b))
}

const two = (op: BinaryOpName, doc: string): SpecialForm =>
  form('a b', doc, (cx, call) =>
    binary({ span: call.stx.span, trail: call.stx.trail }, op, arg(cx, call, 0), arg(cx, call, 1)),
  )

/** `(< a b c)` is `(and (< a b) (< b c))`, operands evaluated once. */
function compare(pred: Pred, doc: string): SpecialForm {
  return form('a b more...', doc, (cx, call) => {
    const forms = call.args.map((stx) => toForm(cx, stx))
    if (forms.length === 2) return comparison(call.stx, pred, forms[0]!, forms[1]!)
    if (pred === 'ne') throw syntaxError('unsupported', call.stx, '`/=` takes two operands')
    return withValues(call.stx, forms, (refs) => ({
      kind: 'and',
      forms: refs.slice(1).map((ref, i) => comparison(call.stx, pred, refs[i]!, ref)),
      ...at(call.stx),
    }))
  })
}

/** `ash` with a constant count: left when positive, logical right when negative. */
function shiftByConstant(cx: Cx, call: Call): Form {
  const count = constantOf(arg(cx, call, 1))
  if (count === undefined) {
    throw syntaxError(
      'not-constant',
      call.args[1]!,
      'the count of `ash` must be known at compile time',
      'use `<<` or `>>` with a variable count',
    )
  }
  const signed = BigInt.asIntN(64, count)
  const value = arg(cx, call, 0)
  return signed < 0n
    ? binary(call.stx, 'lshr', value, constant(call.stx, -signed))
    : binary(call.stx, 'shl', value, constant(call.stx, signed))
}

function extreme(pred: Pred, doc: string): SpecialForm {
  return form('a more...', doc, (cx, call) => {
    const pick = (a: Form, b: Form): Form =>
      withValues(call.stx, [a, b], ([x, y]) => conditional(call.stx, comparison(call.stx, pred, x!, y!), x!, y!))
    return call.args.map((stx) => toForm(cx, stx)).reduce(pick)
  })
}

const test = (pred: Pred, doc: string): SpecialForm =>
  form('value', doc, (cx, call) => comparison(call.stx, pred, arg(cx, call, 0), constant(call.stx, 0)))
const swap = (bits: 16 | 32 | 64, doc: string): SpecialForm =>
  form('value', doc, (cx, call) => bswap(call.stx, bits, arg(cx, call, 0)))

const casts = Object.fromEntries(
  (Object.keys(SCALARS) as ScalarName[]).map((name) => [
    name.toUpperCase(),
    form('value', `As (cast ${name} value).`, (cx, call) => cast(call.stx, SCALARS[name], arg(cx, call, 0))),
  ]),
)

export const ARITH_FORMS: Readonly<Record<string, SpecialForm>> = {
  ...casts,
  '+': form('integers...', 'Sum, modulo 2^64.', add),
  '*': nary('mul', 1n, 'Product, modulo 2^64.'),
  '-': form('a more...', 'Difference, or negation of one operand.', subtract),
  '/': two('udiv', 'Unsigned quotient.'),
  MOD: two('umod', 'Unsigned remainder.'),
  REM: two('umod', 'Unsigned remainder.'),
  'S/': two('sdiv', 'Signed quotient; needs cpu v4.'),
  SMOD: two('smod', 'Signed remainder; needs cpu v4.'),
  '1+': form('value', 'One more.', (cx, call) => binary(call.stx, 'add', arg(cx, call, 0), constant(call.stx, 1))),
  '1-': form('value', 'One less.', (cx, call) => binary(call.stx, 'sub', arg(cx, call, 0), constant(call.stx, 1))),
  LOGAND: nary('and', -1n, 'Bitwise and.'),
  LOGIOR: nary('or', 0n, 'Bitwise or.'),
  LOGXOR: nary('xor', 0n, 'Bitwise exclusive or.'),
  LOGNOT: form('value', 'Every bit inverted.', (cx, call) =>
    binary(call.stx, 'xor', arg(cx, call, 0), constant(call.stx, -1)),
  ),
  LOGTEST: form('a b', '1 if a and b share a bit, else 0.', (cx, call) =>
    comparison(call.stx, 'ne', binary(call.stx, 'and', arg(cx, call, 0), arg(cx, call, 1)), constant(call.stx, 0)),
  ),
  '<<': two('shl', 'Left shift.'),
  '>>': two('lshr', 'Right shift, zero-filling.'),
  '>>>': two('ashr', 'Right shift, sign-extending.'),
  ASH: form('value count', 'Shift by a constant; negative: to the right.', shiftByConstant),
  MIN: extreme('ule', 'The least, unsigned.'),
  MAX: extreme('uge', 'The greatest, unsigned.'),
  '=': compare('eq', '1 if equal, else 0.'),
  '/=': compare('ne', '1 if different, else 0.'),
  '<': compare('ult', 'Unsigned less.'),
  '<=': compare('ule', 'Unsigned less or equal.'),
  '>': compare('ugt', 'Unsigned greater.'),
  '>=': compare('uge', 'Unsigned greater or equal.'),
  'S<': compare('slt', 'Signed less.'),
  'S<=': compare('sle', 'Signed less or equal.'),
  'S>': compare('sgt', 'Signed greater.'),
  'S>=': compare('sge', 'Signed greater or equal.'),
  ZEROP: test('eq', '1 if 0, else 0.'),
  PLUSP: test('ne', '1 if not 0, else 0.'),
  CAST: form('type value', 'Truncated to the type, sign-extended when it is signed.', (cx, call) =>
    cast(call.stx, scalarType(call.args[0]!), arg(cx, call, 1)),
  ),
  NTOHS: swap(16, 'Network to host order, 16 bits.'),
  HTONS: swap(16, 'Host to network order, 16 bits.'),
  NTOHL: swap(32, 'Network to host order, 32 bits.'),
  HTONL: swap(32, 'Host to network order, 32 bits.'),
  NTOHLL: swap(64, 'Network to host order, 64 bits.'),
  HTONLL: swap(64, 'Host to network order, 64 bits.'),
}
