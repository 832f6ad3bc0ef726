/**
 * The standard macros, written in Lisp (prelude.bpf.lisp, embedded by scripts/gen-prelude.mjs). The text is read once;
 * each compilation makes a macro of it when it is first used.
 */
import { Bag, invariant } from '../diag/diagnostic.ts'
import { type Span, sourceFile } from '../diag/source.ts'
import { isCons, isSym, type Sym, sym, type Value } from './datum.ts'
import { makeMacro } from './eval.ts'
import { PRELUDE_TEXT } from './generated/prelude.ts'
import type { Interp, Macro } from './interp.ts'
import { printDatum } from './print.ts'
import { readAll } from './reader.ts'

interface PreludeEntry {
  readonly name: Sym
  readonly definition: Value
  readonly span: Span
}

let entries: ReadonlyMap<Sym, PreludeEntry> | undefined

function read(): ReadonlyMap<Sym, PreludeEntry> {
  const bag = new Bag()
  const result = new Map<Sym, PreludeEntry>()
  for (const { datum, span } of readAll(sourceFile('prelude.bpf.lisp', PRELUDE_TEXT), { features: new Set() }, bag)) {
    invariant(
      isCons(datum) && datum.car === sym('DEFMACRO') && isCons(datum.cdr),
      'prelude: expected only defmacro forms',
    )
    const name = datum.cdr.car
    invariant(isSym(name), 'prelude: a macro without a name')
    result.set(name, { name, definition: datum.cdr.cdr, span })
  }
  invariant(!bag.hasErrors, `prelude: ${bag.diagnostics[0]?.message}`)
  return result
}

export function preludeMacro(interp: Interp, name: Sym): Macro | undefined {
  entries ??= read()
  const entry = entries.get(name)
  if (!entry) return undefined
  const macro: Macro = {
    name: name.name,
    span: entry.span,
    builtin: true,
    expand: makeMacro(interp, name, entry.definition, undefined),
  }
  interp.macros.set(name, macro)
  return macro
}

/** Without the private ones, whose names begin with `%`. */
function publicEntries(): PreludeEntry[] {
  entries ??= read()
  return [...entries.values()].filter(({ name }) => !name.name.startsWith('%'))
}

export function preludeNames(): string[] {
  return publicEntries().map(({ name }) => printDatum(name))
}

/** Name, parameters and documentation of each macro, for the reference. */
export function preludeDocs(): { name: string; args: string; doc: string }[] {
  return publicEntries().map(({ name, definition }) => {
    const [args, doc] = isCons(definition) && isCons(definition.cdr) ? [definition.car, definition.cdr.car] : []
    return {
      name: printDatum(name),
      args: args === undefined ? '' : printDatum(args).replace(/^\(|\)$|^nil$/g, ''),
      doc: typeof doc === 'string' ? doc : '',
    }
  })
}
