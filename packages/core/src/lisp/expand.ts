/**
 * Macro expansion with positions: what a macro makes takes the span of the call, and remembers the macro; what it passes
 * on keeps its own span. Symbols passed on as they are get the place where the call mentions them.
 */

import { Abort } from '../diag/diagnostic.ts'
import type { Span } from '../diag/source.ts'
import { trailNotes } from '../forms/trail.ts'
import { type Cx, type MacroScope, type ModuleState, specialForm } from './context.ts'
import { isCons, isSym, type Sym, type Value } from './datum.ts'
import { LispError, type Macro, NonLocalExit } from './interp.ts'
import { preludeMacro } from './prelude.ts'
import { type Stx, syntaxError } from './syntax.ts'

/** Expansions inside each other; a macro that expands into itself ends here. */
const MAX_TRAIL = 200

export function findMacro(cx: Cx, name: Sym): Macro | undefined {
  for (let at: MacroScope | undefined = cx.macros; at; at = at.parent) if (at.name === name) return at.macro
  return globalMacro(cx.module, name)
}

export function globalMacro(module: ModuleState, name: Sym): Macro | undefined {
  return module.interp.macros.get(name) ?? preludeMacro(module.interp, name)
}

/** One step of expansion of the outermost form. */
export function expandMacro(cx: { module: ModuleState }, macro: Macro, stx: Stx): Stx {
  const trail = {
    macro: macro.name.toLowerCase().replace(/^%/, ''),
    span: macro.builtin ? undefined : macro.span,
    parent: stx.trail,
  }
  let length = 0
  for (let at = stx.trail; at; at = at.parent) length++
  if (length > MAX_TRAIL) {
    throw syntaxError('macro-limit', stx, `the macro \`${trail.macro}\` expands into itself without end`)
  }
  const { interp } = cx.module
  // The budget is that of one expansion, counted afresh for each outermost call.
  if (!stx.trail) interp.steps = 0
  const datum = evaluating(cx.module, stx, () => macro.expand(stx.datum), macro)
  placeSymbols(cx.module, stx.datum, datum)
  const span = (isCons(datum) ? datum.span : undefined) ?? stx.span
  return { datum, span, trail: span === stx.span ? trail : undefined }
}

/** Runs compile-time code; its errors become diagnostics at `stx`. */
export function evaluating<R>(module: ModuleState, stx: Stx, run: () => R, macro?: Macro): R {
  const outer = module.interp.where
  module.interp.where = undefined
  try {
    return run()
  } catch (error) {
    throw asAbort(error, stx, { macro, where: module.interp.where })
  } finally {
    module.interp.where = outer
  }
}

function asAbort(error: unknown, stx: Stx, cx: { macro: Macro | undefined; where: Span | undefined }): unknown {
  const prefix = cx.macro ? `\`${cx.macro.name.toLowerCase().replace(/^%/, '')}\`: ` : ''
  if (error instanceof RangeError) {
    return syntaxError(
      'macro-limit',
      stx,
      `${prefix}compile-time code is nested too deeply`,
      'look for a recursion that never ends',
    )
  }
  if (error instanceof NonLocalExit)
    return syntaxError('macro-error', stx, `${prefix}a block was left that is no longer active`)
  if (!(error instanceof LispError)) return error
  const where = error.span ?? cx.where
  const inside =
    where && !(cx.macro?.builtin ?? false) && !covers(stx.span, where)
      ? [{ message: 'in this compile-time code', span: where }]
      : []
  const message = error.message.startsWith(prefix.slice(0, -2)) && prefix ? error.message : prefix + error.message
  return new Abort(error.code, stx.span, message, { hint: error.hint, notes: [...inside, ...trailNotes(stx.trail)] })
}

const covers = (outer: Span, inner: Span): boolean =>
  outer.file === inner.file && outer.start <= inner.start && inner.end <= outer.end

/** Gives symbols that come from the call the span they have there. */
function placeSymbols(module: ModuleState, call: Value, expansion: Value): void {
  const places = new Map<Sym, Span>()
  collectPlaces({ module, places, seen: new Set() }, call)
  if (places.size > 0) applyPlaces(expansion, places, new Set())
}

interface Places {
  readonly module: ModuleState
  readonly places: Map<Sym, Span>
  /** Data may share parts. */
  readonly seen: Set<Value>
}

function collectPlaces(cx: Places, value: Value): void {
  // Heads of forms are left out: an error at a macro-made form belongs to the call as a whole.
  let rest = isCons(value) ? value.cdr : value
  while (isCons(rest) && !cx.seen.has(rest)) {
    cx.seen.add(rest)
    const item = rest.car
    if (isSym(item)) notePlace(cx, item, rest.carSpan)
    else if (isCons(item)) {
      if (isSym(item.car) && !specialForm(cx.module, item.car)) notePlace(cx, item.car, item.carSpan)
      collectPlaces(cx, item)
    }
    rest = rest.cdr
  }
}

function notePlace({ places }: Places, name: Sym, span: Span | undefined): void {
  if (span && !places.has(name)) places.set(name, span)
}

function applyPlaces(value: Value, places: ReadonlyMap<Sym, Span>, seen: Set<Value>): void {
  let rest = value
  while (isCons(rest)) {
    // Parts with positions are the user's own text.
    if (rest.span || seen.has(rest)) return
    seen.add(rest)
    if (isSym(rest.car)) rest.carSpan ??= places.get(rest.car)
    else applyPlaces(rest.car, places, seen)
    rest = rest.cdr
  }
}
