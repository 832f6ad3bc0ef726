/**
 * Makes core forms. Arithmetic on constants is folded here with the project's only arithmetic, so that sizes, counts
 * and offsets written as expressions are constants for the forms that need them.
 */
import { byteSwap, compare, MASK64, signExtend, truncate } from '../arith/alu.ts'
import type { Span } from '../diag/source.ts'
import type { Form, FormOf, Local, Trail } from '../forms/node.ts'
import { type BinaryOpName, OPS, type OpRow, type Pred } from '../tables/ir-ops.ts'
import { type IntType, SCALARS } from '../types/types.ts'
import { syntaxError } from './syntax.ts'

/** Where a form came from. */
export interface Origin {
  readonly span: Span
  readonly trail?: Trail | undefined
}

/** Position fields of a form. */
export const at = (origin: Origin): Origin =>
  origin.trail ? { span: origin.span, trail: origin.trail } : { span: origin.span }

export function constant(origin: Origin, value: bigint | number): FormOf<'const'> {
  return { kind: 'const', value: BigInt(value) & MASK64, ...at(origin) }
}

export function constantOf(form: Form): bigint | undefined {
  return form.kind === 'const' ? form.value : undefined
}

export function localRef(origin: Origin, local: Local): Form {
  return { kind: 'local', local, ...at(origin) }
}

export function seq(origin: Origin, forms: readonly Form[]): Form {
  if (forms.length === 1) return forms[0]!
  return { kind: 'seq', forms, ...at(origin) }
}

/** `otherwise` absent: 0. */
export function conditional(origin: Origin, test: Form, then: Form, otherwise?: Form): Form {
  return { kind: 'if', test, then, else: otherwise, ...at(origin) }
}

export function binary(origin: Origin, op: BinaryOpName, left: Form, right: Form): Form {
  const a = constantOf(left)
  const b = constantOf(right)
  checkOperands(origin, op, b)
  if (a !== undefined && b !== undefined) {
    const row: OpRow = OPS[op]
    return constant(origin, row.eval!(a, b, 64))
  }
  return { kind: 'binary', op, left, right, ...at(origin) }
}

function checkOperands(origin: Origin, op: BinaryOpName, right: bigint | undefined): void {
  if (right === undefined) return
  if ((op === 'udiv' || op === 'umod') && right === 0n) {
    throw syntaxError(
      'division-by-zero',
      origin,
      'division by a constant zero',
      'at run time BPF gives 0 for x/0; write that if it is meant',
    )
  }
  if ((op === 'shl' || op === 'lshr' || op === 'ashr') && right > 63n) {
    throw syntaxError('shift-out-of-range', origin, `shift by ${BigInt.asIntN(64, right)}; a constant shift is 0 to 63`)
  }
}

export function negate(origin: Origin, value: Form): Form {
  const known = constantOf(value)
  return known === undefined ? { kind: 'negate', value, ...at(origin) } : constant(origin, -known)
}

export function comparison(origin: Origin, pred: Pred, left: Form, right: Form): Form {
  const a = constantOf(left)
  const b = constantOf(right)
  if (a !== undefined && b !== undefined) return constant(origin, compare(pred, a, b, 64) ? 1 : 0)
  return { kind: 'compare', pred, left, right, ...at(origin) }
}

export function cast(origin: Origin, type: IntType, value: Form): Form {
  const known = constantOf(value)
  if (known === undefined) return { kind: 'cast', type, value, ...at(origin) }
  return { ...constant(origin, type.signed ? signExtend(known, type.bits) : truncate(known, type.bits)), type }
}

export function bswap(origin: Origin, bits: 16 | 32 | 64, value: Form): Form {
  const known = constantOf(value)
  if (known === undefined) return { kind: 'bswap', bits, value, ...at(origin) }
  return { ...constant(origin, byteSwap(known, bits)), type: SCALARS[`u${bits}`] }
}

/** `ptr + offset`, nothing added for offset 0. */
export function addOffset(origin: Origin, ptr: Form, offset: Form): Form {
  return constantOf(offset) === 0n ? ptr : binary(origin, 'add', ptr, offset)
}

/** Can be evaluated twice: neither effects nor cost. */
export function isSimple(form: Form): boolean {
  return form.kind === 'const' || form.kind === 'local' || form.kind === 'ctx'
}

/**
 * Evaluates forms once, in order, and hands `use` cheap references to them.
 *
 *   withValues(o, [key, value], ([k, v]) => ...)  ->  (let ((t0 key) (t1 value)) ...)
 */
export function withValues(origin: Origin, values: readonly Form[], use: (refs: Form[]) => Form): Form {
  const bindings: { local: Local; init: Form }[] = []
  const refs = values.map((value, i) => {
    if (isSimple(value) || value.kind === 'mapRef') return value
    const local: Local = { name: `t${i}`, type: undefined, span: value.span }
    bindings.push({ local, init: value })
    return localRef(value, local)
  })
  const body = use(refs)
  return bindings.length === 0 ? body : { kind: 'let', bindings, body, ...at(origin) }
}
