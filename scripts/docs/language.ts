/** Pages of the Lisp: built-in forms and standard macros, and what macros may use at compile time. */

import { Bag } from '../../packages/core/src/diag/diagnostic.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import { isCons, isSym, type Value } from '../../packages/core/src/lisp/datum.ts'
import { PRELUDE_TEXT } from '../../packages/core/src/lisp/generated/prelude.ts'
import { printDatum } from '../../packages/core/src/lisp/print.ts'
import { readAll } from '../../packages/core/src/lisp/reader.ts'
import { SPECIAL_FORMS } from '../../packages/core/src/lisp/special-forms.ts'
import { FUNCTIONS, OPERATORS } from '../../packages/core/src/lisp/stdlib/index.ts'
import { TOP_FORMS } from '../../packages/core/src/lisp/toplevel.ts'
import { code, page, table } from './markdown.ts'

interface Documented {
  readonly args: string
  readonly doc: string
}

export function formsPage(): string {
  return page(
    'Forms',
    'What a `.bpf.lisp` file may say. Square brackets mark what may be left out. Names are the same in upper and lower case.',
    '## Top level',
    rows(Object.entries(TOP_FORMS)),
    '## In programs',
    'The kernel helpers ([helpers.md](helpers.md)), the accessors of the protocol headers ([protocols.md](protocols.md)) and those of your own structs are forms, too.',
    rows([...SPECIAL_FORMS]),
    '## Standard macros',
    'Written in Lisp themselves; a program may define its own of the same name.',
    rows(preludeMacros()),
  )
}

export function compileTimePage(): string {
  return page(
    'Compile-time language',
    'What the bodies of `defmacro` and `defun`, and the values of `defconstant` and `defparameter`, are made of. Integers have no limit; nothing here reaches files, the network or the clock.',
    '## Operators',
    rows([...OPERATORS]),
    '## Functions',
    rows([...FUNCTIONS]),
  )
}

function rows(entries: Iterable<readonly [string, Documented]>): string {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  return table(
    ['form', 'meaning'],
    sorted.map(([name, { args, doc }]) => [code(usage(name, args)), doc]),
  )
}

function usage(name: string, args: string): string {
  const shown = args.trim()
  return `(${name.toLowerCase()}${shown === '' ? '' : ` ${shown}`})`
}

/** Names that begin with `%` are the prelude's own. */
function preludeMacros(): [string, Documented][] {
  const forms = readAll(sourceFile('prelude.bpf.lisp', PRELUDE_TEXT), { features: new Set() }, new Bag())
  return forms.flatMap(({ datum }) => {
    const [, name, args, doc] = elements(datum)
    if (name === undefined || !isSym(name) || name.name.startsWith('%')) return []
    const shown = printDatum(args ?? datum).replace(/^\(|\)$/g, '')
    return [[name.name, { args: shown === 'nil' ? '' : shown, doc: typeof doc === 'string' ? doc : '' }]]
  })
}

function elements(list: Value): Value[] {
  const result: Value[] = []
  for (let rest = list; isCons(rest); rest = rest.cdr) result.push(rest.car)
  return result
}
