/** Backquote: builds a fresh structure without positions. Nested backquotes keep their inner commas until their turn. */
import {
  isCons,
  isSym,
  list,
  listFrom,
  listItems,
  NIL,
  QUASIQUOTE,
  UNQUOTE,
  UNQUOTE_SPLICING,
  type Value,
} from './datum.ts'
import { type Interp, LispError, tick, typeError } from './interp.ts'

export type Evaluate = (form: Value) => Value

export function evaluateQuasiquote(interp: Interp, template: Value, evaluate: Evaluate): Value {
  return expandTemplate(interp, template, 1, evaluate)
}

function expandTemplate(interp: Interp, template: Value, depth: number, evaluate: Evaluate): Value {
  if (Array.isArray(template)) return listItems(expandTemplate(interp, listFrom(template, NIL), depth, evaluate)) ?? []
  if (!isCons(template)) return template
  tick(interp)
  const inner = operandOf(template, UNQUOTE)
  if (inner !== undefined) {
    return depth === 1 ? evaluate(inner) : list(UNQUOTE, expandTemplate(interp, inner, depth - 1, evaluate))
  }
  const nested = operandOf(template, QUASIQUOTE)
  if (nested !== undefined) return list(QUASIQUOTE, expandTemplate(interp, nested, depth + 1, evaluate))
  return expandElements(interp, template, depth, evaluate)
}

function expandElements(interp: Interp, template: Value, depth: number, evaluate: Evaluate): Value {
  const items: Value[] = []
  let rest = template
  while (isCons(rest)) {
    // `(a . ,b)` reads as (a UNQUOTE b): the tail is an unquote itself.
    if (operandOf(rest, UNQUOTE) !== undefined && items.length > 0) {
      return listFrom(items, expandTemplate(interp, rest, depth, evaluate))
    }
    const spliced = isCons(rest.car) ? operandOf(rest.car, UNQUOTE_SPLICING) : undefined
    if (spliced === undefined) items.push(expandTemplate(interp, rest.car, depth, evaluate))
    else if (depth > 1) items.push(list(UNQUOTE_SPLICING, expandTemplate(interp, spliced, depth - 1, evaluate)))
    else {
      const value = evaluate(spliced)
      const elements = listItems(value)
      // The last splice may be an atom: it becomes the tail.
      if (!elements && rest.cdr === NIL) return listFrom(items, value)
      if (!elements) throw typeError(',@', 'a list', value)
      items.push(...elements)
    }
    rest = rest.cdr
  }
  return listFrom(items, rest)
}

/** The x of a two-element list `(head x)`. */
function operandOf(value: Value, head: Value): Value | undefined {
  if (!isCons(value) || value.car !== head || !isCons(value.cdr)) return undefined
  if (value.cdr.cdr !== NIL) return undefined
  return value.cdr.car
}

/** An unquote outside any backquote. */
export function strayUnquote(name: Value): LispError {
  const text = isSym(name) && name === UNQUOTE_SPLICING ? ',@' : ','
  return new LispError('bad-syntax', `\`${text}\` outside a backquote`)
}
