/** Places: what `setf`, `incf` and `decf` can assign. Variables, map entries, context fields, memory, generated accessors. */
import type { Form, Local } from '../../forms/node.ts'
import { at, binary, constant } from '../build.ts'
import { bindLocal, type Call, type Cx, lookup, type SpecialForm, specialForm } from '../context.ts'
import { cons, isCons, isSym, listFrom, listItems, NIL, type Sym, uninterned, type Value } from '../datum.ts'
import { expandMacro, findMacro } from '../expand.ts'
import { globalNamed } from '../global-ref.ts'
import { unknownVariableHint } from '../hints.ts'
import { noteBinding } from '../pointers.ts'
import { printDatum } from '../print.ts'
import { elementsOf, quoted, type Stx, syntaxError } from '../syntax.ts'
import { constantSymbol, toForm } from '../translate.ts'
import { assignElement, assignGlobal } from './globals.ts'
import { addToMap, assignMapEntry } from './maps.ts'
import { assignContext, assignLoad } from './memory.ts'
import { form } from './shared.ts'

type Assign = (cx: Cx, call: Call, value: Form) => Form

/** Built-in forms that are places. */
const PLACE_FORMS: Readonly<Record<string, Assign>> = {
  GETMAP: assignMapEntry,
  CTX: assignContext,
  'CTX-LOAD': assignContext,
  LOAD: assignLoad,
  AREF: assignElement,
}

export interface PlaceUse {
  readonly place: Stx
  /** Position of the assignment. */
  readonly origin: Stx
}

export function assignPlace(cx: Cx, use: PlaceUse, value: Form): Form {
  const { place } = use
  if (isSym(place.datum)) return assignVariable(cx, use, value)
  const items = elementsOf(place)
  const head = items?.[0]?.datum
  if (!items || head === undefined || !isSym(head)) throw notAPlace(place)
  const call: Call = {
    name: printDatum(head),
    stx: { ...place, span: use.origin.span, trail: use.origin.trail },
    args: items.slice(1),
  }
  const builtin = PLACE_FORMS[head.name]
  if (builtin && head.interned) return builtin(cx, call, value)
  if (specialForm(cx.module, head)) throw notAPlace(place)
  const macro = findMacro(cx, head)
  if (macro) return assignPlace(cx, { place: expandMacro(cx, macro, place), origin: use.origin }, value)
  const generated = cx.module.generated.get(head)
  if (generated?.assign) return generated.assign(cx, call, value)
  if (generated) throw notAPlace(place)
  // Unknown accessors get the same message as when they are read.
  toForm(cx, place)
  throw notAPlace(place)
}

function notAPlace(place: Stx): Error {
  return syntaxError(
    'bad-syntax',
    place,
    `${quoted(place)} cannot be assigned`,
    'places are variables, (getmap m k), (ctx field), (load type ptr offset) and struct fields',
  )
}

function assignVariable(cx: Cx, { place, origin }: PlaceUse, value: Form): Form {
  const name = place.datum as Sym // the caller checked
  const meaning = lookup(cx.scope, name)
  if (meaning?.kind === 'local') {
    noteBinding(meaning.local, value)
    return { kind: 'set', local: meaning.local, value, ...at(origin) }
  }
  const global = meaning ? undefined : globalNamed(cx.module, name)
  if (global) return assignGlobal(place, origin, global, value)
  if (meaning)
    return assignPlace({ ...cx, scope: meaning.scope }, { place: { ...meaning.stx, span: place.span }, origin }, value)
  if (
    name === NIL ||
    name.name === 'T' ||
    constantSymbol(cx.module, name) !== undefined ||
    cx.module.interp.globals.has(name)
  ) {
    throw syntaxError(
      'constant-assigned',
      place,
      `${quoted(place)} is a constant and cannot be assigned`,
      'bind a variable with `let`',
    )
  }
  throw syntaxError(
    'unbound-variable',
    place,
    `no variable is named ${quoted(place)}`,
    unknownVariableHint(cx, name) ?? 'bind it with `let` first',
  )
}

/** `incf` and `decf`: atomic for map entries, read and write back for everything else. */
function increment(cx: Cx, call: Call, op: 'add' | 'sub'): Form {
  const place = call.args[0]!
  const delta = call.args[1] ? toForm(cx, call.args[1]) : constant(call.stx, 1)
  if (isSym(place.datum)) {
    const old = toForm(cx, place)
    return assignPlace(cx, { place, origin: call.stx }, binary(call.stx, op, old, delta))
  }
  const items = elementsOf(place)
  const head = items?.[0]?.datum
  if (!items || head === undefined || !isSym(head)) throw notAPlace(place)
  if (head.name === 'GETMAP' && head.interned) {
    return addToMap(cx, { name: printDatum(head), stx: call.stx, args: items.slice(1) }, { delta, op })
  }
  const macro = specialForm(cx.module, head) ? undefined : findMacro(cx, head)
  if (macro) {
    const expanded = expandMacro(cx, macro, place)
    return increment(cx, { ...call, args: [expanded, ...call.args.slice(1)] }, op)
  }
  return modifyOnce(cx, { place, origin: call.stx }, (inner, once) => binary(call.stx, op, toForm(inner, once), delta))
}

/** Assigns a place from its old value, its operands evaluated once. */
function modifyOnce(cx: Cx, use: PlaceUse, change: (cx: Cx, place: Stx) => Form): Form {
  const [head, ...operands] = listItems(use.place.datum) ?? []
  const stxs = elementsOf(use.place)?.slice(1) ?? []
  const bindings: { local: Local; init: Form }[] = []
  let inner = cx
  const names: Value[] = operands.map((operand, i) => {
    if (!isCons(operand) || isConstantForm(cx, stxs[i]!)) return operand
    const init = toForm(cx, stxs[i]!)
    const local: Local = { name: `t${i}`, type: undefined, span: stxs[i]!.span }
    noteBinding(local, init)
    bindings.push({ local, init })
    const name = uninterned(`T${i}`)
    inner = bindLocal(inner, name, local)
    return name
  })
  const place: Stx = { datum: cons(head!, listFrom(names, NIL)), span: use.place.span, trail: use.place.trail }
  const body = assignPlace(inner, { place, origin: use.origin }, change(inner, place))
  return bindings.length === 0 ? body : { kind: 'let', bindings, body, ...at(use.origin) }
}

/** `(sizeof s)` and folded arithmetic stay as they are: some operands must be constants. */
function isConstantForm(cx: Cx, stx: Stx): boolean {
  return toForm(cx, stx).kind === 'const'
}

export const PLACE_TABLE: Readonly<Record<string, SpecialForm>> = {
  INCF: form('place [delta]', 'Adds to a place; map entries are changed without losing a count.', (cx, call) =>
    increment(cx, call, 'add'),
  ),
  DECF: form('place [delta]', 'Subtracts from a place.', (cx, call) => increment(cx, call, 'sub')),
}
