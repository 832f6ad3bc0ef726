/**
 * Complete macro expansion of a program body, for `--emit=expand`. Translation expands one form at a time and never has
 * the whole; this walk makes it, with the same macros.
 */

import { Abort } from '../diag/diagnostic.ts'
import { type Cx, specialForm } from './context.ts'
import { isCons, isSym, list, listFrom, NIL, sym, type Value } from './datum.ts'
import { makeMacro } from './eval.ts'
import { evaluating, expandMacro, findMacro } from './expand.ts'
import type { Macro } from './interp.ts'
import { elementsOf, type Stx } from './syntax.ts'

/** Deeper forms are shown as they are. */
const MAX_DEPTH = 400

export function expandAll(cx: Cx, stx: Stx): Value {
  const items = elementsOf(stx)
  const head = items?.[0]?.datum
  if (!items || head === undefined || !isSym(head) || cx.depth > MAX_DEPTH) return stx.datum
  const inner = { ...cx, depth: cx.depth + 1 }
  if (specialForm(cx.module, head)) return expandSpecial(inner, head.name, items)
  const macro = findMacro(cx, head)
  if (macro) {
    const expanded = expandOrNothing(cx, macro, stx)
    return expanded ? expandAll(inner, expanded) : stx.datum
  }
  return list(head, ...expandEach(inner, items.slice(1)))
}

/** A call that its macro refuses is shown as it is: translation reports the error. */
function expandOrNothing(cx: Cx, macro: Macro, stx: Stx): Stx | undefined {
  try {
    return expandMacro(cx, macro, stx)
  } catch (error) {
    if (error instanceof Abort) return undefined
    throw error
  }
}

const expandEach = (cx: Cx, stxs: readonly Stx[]): Value[] => stxs.map((stx) => expandAll(cx, stx))

/** Forms whose operands are not all forms are walked by their shape. */
function expandSpecial(cx: Cx, name: string, items: readonly Stx[]): Value {
  const head = items[0]!.datum
  const [, first, ...rest] = items
  switch (name) {
    case 'LET':
    case 'LET*': {
      const bindings = first && elementsOf(first)?.map((b) => expandLast(cx, b))
      return list(head, bindings ? listFrom(bindings, NIL) : (first?.datum ?? NIL), ...expandEach(cx, rest))
    }
    case 'DOTIMES':
      return list(head, first ? expandLast(cx, first) : NIL, ...expandEach(cx, rest))
    case 'COND':
      return list(head, ...items.slice(1).map((clause) => listFrom(expandEach(cx, elementsOf(clause) ?? []), NIL)))
    case 'DECLARE':
      return listFrom(
        items.map((i) => i.datum),
        NIL,
      )
    case 'MACROLET':
      return list(sym('PROGN'), ...expandEach(withMacros(cx, first), rest))
    case 'SYMBOL-MACROLET':
      return list(head, first?.datum ?? NIL, ...expandEach(cx, rest))
    default:
      return list(head, ...expandEach(cx, items.slice(1)))
  }
}

/** Only the last element is a form: `(x u32 init)`, `(i count)`. */
function expandLast(cx: Cx, stx: Stx): Value {
  const items = elementsOf(stx)
  if (!items || items.length < 2) return stx.datum
  return listFrom([...items.slice(0, -1).map((i) => i.datum), expandAll(cx, items.at(-1)!)], NIL)
}

function withMacros(cx: Cx, definitions: Stx | undefined): Cx {
  let inner = cx
  for (const definition of (definitions && elementsOf(definitions)) ?? []) {
    const { datum } = definition
    if (!isCons(datum) || !isSym(datum.car)) continue
    const name = datum.car
    const expand = evaluating(cx.module, definition, () => makeMacro(cx.module.interp, name, datum.cdr, undefined))
    const macro = { name: name.name, span: definition.span, builtin: false, expand }
    inner = { ...inner, macros: { parent: inner.macros, name, macro } }
  }
  return inner
}
