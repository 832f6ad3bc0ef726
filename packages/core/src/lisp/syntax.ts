/**
 * A datum on its way to a core form: with the place that messages and line_info show, and the macro calls it came out
 * of. Elements without a place of their own (made by a macro) take the place and the trail of what is around them.
 */

import type { DiagnosticCode } from '../diag/codes.ts'
import { Abort } from '../diag/diagnostic.ts'
import type { Span } from '../diag/source.ts'
import type { Trail } from '../forms/node.ts'
import { trailNotes } from '../forms/trail.ts'
import { isCons, isSym, MAX_LIST, NIL, type Sym, type Value } from './datum.ts'
import { printDatum } from './print.ts'

export interface Stx {
  readonly datum: Value
  readonly span: Span
  readonly trail: Trail | undefined
}

/** A syntax element that is a list. */
export function isListStx(stx: Stx): boolean {
  return isCons(stx.datum) || stx.datum === NIL
}

/** The elements of a list; undefined for atoms and dotted lists. */
export function elementsOf(stx: Stx): Stx[] | undefined {
  const result: Stx[] = []
  let rest = stx.datum
  while (isCons(rest) && result.length < MAX_LIST) {
    const own = isCons(rest.car) ? (rest.car.span ?? rest.carSpan) : rest.carSpan
    result.push({ datum: rest.car, span: own ?? stx.span, trail: own ? undefined : stx.trail })
    rest = rest.cdr
  }
  return rest === NIL ? result : undefined
}

/** The elements of a list, or an error that says what was expected. */
export function listOf(stx: Stx, expected: string): Stx[] {
  const items = elementsOf(stx)
  if (!items) throw syntaxError('bad-syntax', stx, `expected ${expected}, got ${quoted(stx)}`)
  return items
}

export function symbolOf(stx: Stx, expected: string): Sym {
  if (isSym(stx.datum) && !stx.datum.keyword && stx.datum !== NIL) return stx.datum
  throw syntaxError('bad-syntax', stx, `expected ${expected}, got ${quoted(stx)}`)
}

/** The text of a datum for messages, cut to a readable length; symbols as the user spelled them. */
export function quoted(stx: Stx): string {
  const text = isSym(stx.datum) ? spelling(stx, stx.datum) : printDatum(stx.datum, 'readable', 60)
  return `\`${text.length > 48 ? `${text.slice(0, 45)}...` : text}\``
}

function spelling(stx: Stx, symbol: Sym): string {
  const { file, start, end } = stx.span
  const written = file.text.slice(start, end)
  return written.toUpperCase() === symbol.name ? written : printDatum(symbol)
}

/** `an array`, `a hash`, `an xdp`: before a name that is a word or an abbreviation read by its letters. */
export function withArticle(name: string): string {
  return `${/^[aeiou]|^(xdp|lpm|lru)/.test(name) ? 'an' : 'a'} ${name}`
}

/** `1 byte`, `2 bytes`. */
export function counted(count: number | string, noun: string): string {
  return `${count} ${noun}${String(count) === '1' || String(count).endsWith(' 1') ? '' : 's'}`
}

export function syntaxError(
  code: DiagnosticCode,
  stx: { readonly span: Span; readonly trail?: Trail | undefined },
  message: string,
  hint?: string,
): Abort {
  return new Abort(code, stx.span, message, { hint, notes: trailNotes(stx.trail) })
}

/** Name of a list's head, when it is a symbol. */
export function headOf(stx: Stx): Sym | undefined {
  return isCons(stx.datum) && isSym(stx.datum.car) ? stx.datum.car : undefined
}

/** The same place with another datum. */
export function withDatum(stx: Stx, datum: Value): Stx {
  return { datum, span: stx.span, trail: stx.trail }
}

/** The diagnostic of a user error; running out of stack is one too. Anything else is a bug and goes on. */
export function diagnosticOf(error: unknown, stx: Stx): Abort['diagnostic'] {
  if (error instanceof Abort) return error.diagnostic
  if (error instanceof RangeError)
    return syntaxError('nesting-too-deep', stx, 'this form is nested too deeply').diagnostic
  throw error
}
