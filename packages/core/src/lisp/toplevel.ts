/**
 * Top-level forms. A table names them; macros that expand into them work; anything else that compile-time code knows is
 * evaluated. Each form is recovered on its own.
 */
import { type SourceFile, sourceFile } from '../diag/source.ts'
import { helperByName } from '../tables/helpers/index.ts'
import { toKernelName } from '../tables/names.ts'
import type { ModuleState } from './context.ts'
import { isCons, NIL, type Sym, type Value } from './datum.ts'
import { defineGlobal } from './define-global.ts'
import { defineKfunc } from './define-kfunc.ts'
import { defineMap } from './define-map.ts'
import { defineProgram } from './define-program.ts'
import { defineHeader, defineStruct, defineUnion } from './define-struct.ts'
import { defineSubprogram } from './define-subprog.ts'
import { defineTracepoint } from './define-tracepoint.ts'
import { evaluate, makeLambda, makeMacro } from './eval.ts'
import { evaluating, expandMacro, globalMacro } from './expand.ts'
import { importKernelStruct } from './import-kernel-struct.ts'
import { preludeNames } from './prelude.ts'
import { printDatum } from './print.ts'
import { readAll } from './reader.ts'
import { didYouMean } from './suggest.ts'
import { diagnosticOf, elementsOf, quoted, type Stx, symbolOf, syntaxError } from './syntax.ts'

export interface TopForm {
  readonly args: string
  readonly doc: string
  readonly run: (module: ModuleState, stx: Stx, args: readonly Stx[]) => void
}

/** Files inside each other; a file that includes itself ends here. */
const MAX_INCLUDES = 16

/** Reads a file and carries out its forms. */
export function readFileForms(module: ModuleState, file: SourceFile): void {
  const features = new Set([
    'LINUX',
    'WHISTLER',
    'UNPLUGIN-BPF',
    module.options.arch === 'arm64' ? 'ARM64' : 'X86-64',
    'LITTLE-ENDIAN',
    '64-BIT',
  ])
  for (const { datum, span } of readAll(file, { features }, module.bag))
    runTopForm(module, { datum, span, trail: undefined })
}

/** Carries out one top-level form; its errors go to the bag. */
function runTopForm(module: ModuleState, stx: Stx): void {
  try {
    module.interp.steps = 0
    carryOut(module, stx)
  } catch (error) {
    module.bag.add(diagnosticOf(error, stx))
  }
}

function carryOut(module: ModuleState, stx: Stx): void {
  const items = elementsOf(stx)
  const head = items?.[0]
  // A stray atom does nothing in Lisp; here it is more likely a mistake.
  if (!items || !head) {
    if (stx.datum === NIL || typeof stx.datum === 'string') return
    throw syntaxError(
      'bad-syntax',
      stx,
      `${quoted(stx)} is no top-level form`,
      'expected `defmap`, `defprog` and the like',
    )
  }
  const name = symbolOf(head, 'the name of a top-level form')
  const row = TOP_FORMS[name.name]
  if (row) {
    row.run(module, stx, items.slice(1))
    return
  }
  const macro = globalMacro(module, name)
  if (macro) {
    carryOut(module, expandMacro({ module }, macro, stx))
    return
  }
  const { interp } = module
  if (interp.operators.has(name.name) || interp.functions.has(name) || interp.builtins.has(name.name)) {
    evaluating(module, stx, () => evaluate(interp, stx.datum, undefined))
    return
  }
  throw unknownTopForm(module, head, name)
}

function unknownTopForm(module: ModuleState, head: Stx, name: Sym): Error {
  if (module.forms.special.has(name.name) || helperByName(name.name)) {
    return syntaxError(
      'bad-syntax',
      head,
      `${quoted(head)} belongs into a program`,
      'put it into the body of a `defprog`',
    )
  }
  const known = [
    ...Object.keys(TOP_FORMS).map((n) => n.toLowerCase()),
    ...[...module.interp.macros.keys()].map((s) => printDatum(s)),
    ...preludeNames(),
  ]
  return syntaxError(
    'unknown-form',
    head,
    `no top-level form or macro is named ${quoted(head)}`,
    didYouMean(printDatum(name), known),
  )
}

const ignored = (args: string, doc: string): TopForm => ({ args, doc, run: () => {} })
const userSpace = (args: string): TopForm => ({
  args,
  doc: 'User space is JavaScript here.',
  run: (_, stx, __) => {
    const name = elementsOf(stx)?.[0]
    throw syntaxError(
      'unsupported',
      name ?? stx,
      `${quoted(name ?? stx)} is user-space code`,
      'declare maps and programs with `defmap` and `defprog`, and load them from JavaScript',
    )
  },
})

function runAll(module: ModuleState, forms: readonly Stx[]): void {
  for (const form of forms) runTopForm(module, form)
}

/** `(defconstant name value)`, `defparameter`, `defvar`. */
function defineVariable(kind: 'constant' | 'parameter' | 'var'): TopForm['run'] {
  return (module, stx, args) => {
    const [nameStx, valueStx] = args
    if (!nameStx || (!valueStx && kind !== 'var'))
      throw syntaxError('wrong-argument-count', stx, 'expected a name and a value', `usage: (def${kind} name value)`)
    const name = symbolOf(nameStx, 'a name')
    if (name === NIL || name.name === 'T')
      throw syntaxError('reserved-name', nameStx, `${quoted(nameStx)} cannot be redefined`)
    const { interp } = module
    const old = interp.globals.get(name)
    if (kind === 'var' && old) return
    const value = valueStx ? evaluating(module, valueStx, () => evaluate(interp, valueStx.datum, undefined)) : NIL
    if (old?.constant && old.value !== value) {
      throw syntaxError(
        'constant-assigned',
        nameStx,
        `the constant ${quoted(nameStx)} already has another value`,
        'use another name, or `defparameter` for a value that changes',
      )
    }
    interp.globals.set(name, { value, constant: kind === 'constant', span: nameStx.span })
    if (kind === 'constant' && typeof value === 'bigint') {
      const plain = toKernelName(name.name.replace(/^\+|\+$/g, ''))
      module.constants.set(plain, { name: plain, value, span: nameStx.span })
    }
  }
}

/** Refuses names of built-in forms and helpers; standard macros may be replaced. */
function checkDefinable(module: ModuleState, nameStx: Stx, what: string): Sym {
  const name = symbolOf(nameStx, `the name of a ${what}`)
  const isForm = module.forms.special.has(name.name) || TOP_FORMS[name.name] !== undefined
  if (isForm || helperByName(name.name)) {
    const kind = isForm ? 'built-in form' : 'helper'
    throw syntaxError(
      'reserved-name',
      nameStx,
      `the ${kind} ${quoted(nameStx)} cannot be redefined`,
      'choose another name',
    )
  }
  return name
}

function defineMacro(module: ModuleState, stx: Stx, args: readonly Stx[]): void {
  const [nameStx, parameters] = args
  if (!nameStx || !parameters)
    throw syntaxError(
      'wrong-argument-count',
      stx,
      '`defmacro` needs a name and parameters',
      'usage: (defmacro name (parameters) body...)',
    )
  const name = checkDefinable(module, nameStx, 'macro')
  const definition = tailOf(stx.datum, 2)
  const expand = evaluating(module, parameters, () => makeMacro(module.interp, name, definition, undefined))
  module.interp.macros.set(name, { name: name.name, span: stx.span, builtin: false, expand })
}

function defineFunction(module: ModuleState, stx: Stx, args: readonly Stx[]): void {
  const [nameStx, parameters] = args
  if (!nameStx || !parameters)
    throw syntaxError(
      'wrong-argument-count',
      stx,
      '`defun` needs a name and parameters',
      'usage: (defun name (parameters) body...)',
    )
  const name = checkDefinable(module, nameStx, 'function')
  const fn = evaluating(module, parameters, () => makeLambda(module.interp, tailOf(stx.datum, 2), undefined, name.name))
  module.interp.functions.set(name, fn)
}

function tailOf(datum: Value, count: number): Value {
  let rest = datum
  for (let i = 0; i < count && isCons(rest); i++) rest = rest.cdr
  return rest
}

/** `(load "x")`, `(include "x")`. */
function includeFile(module: ModuleState, stx: Stx, args: readonly Stx[]): void {
  const path = args[0]?.datum
  if (args[0] === undefined || typeof path !== 'string')
    throw syntaxError(
      'bad-syntax',
      args[0] ?? stx,
      'expected the path of a file as a string',
      'usage: (include "./macros.lisp")',
    )
  // The library itself is always there.
  if (/(^|\/)(whistler|protocols)(\/\w+)?(\.lisp|\.asd)?$/.test(path)) return
  const from = stx.span.file
  const found = module.host.readText?.(path, from.name)
  if (!found) {
    throw syntaxError(
      'missing-file',
      args[0],
      `cannot read \`${path}\``,
      module.host.readText ? `it is looked up relative to \`${from.name}\`` : 'this host reads no files',
    )
  }
  if (module.files.some((f) => f.name === found.name)) return
  if (module.files.length > MAX_INCLUDES)
    throw syntaxError('missing-file', args[0], `more than ${MAX_INCLUDES} files are included`)
  const file = sourceFile(found.name, found.text)
  module.files.push(file)
  readFileForms(module, file)
}

function topMacrolet(module: ModuleState, stx: Stx, args: readonly Stx[]): void {
  const saved = new Map(module.interp.macros)
  for (const definition of elementsOf(args[0] ?? stx) ?? []) {
    const [nameStx] = elementsOf(definition) ?? []
    if (!nameStx) throw syntaxError('bad-syntax', definition, 'expected (name (parameters) body...)')
    const name = checkDefinable(module, nameStx, 'macro')
    const expand = evaluating(module, definition, () =>
      makeMacro(module.interp, name, tailOf(definition.datum, 1), undefined),
    )
    module.interp.macros.set(name, { name: name.name, span: definition.span, builtin: false, expand })
  }
  runAll(module, args.slice(1))
  // Programs are translated later: the macros stay unless they shadow others.
  for (const [name, macro] of saved) module.interp.macros.set(name, macro)
}

export const TOP_FORMS: Readonly<Record<string, TopForm>> = {
  DEFMAP: {
    args: 'name :type TYPE :key-size N :value-size N :max-entries N ...',
    doc: 'Declares a map. Maps of maps have `:inner`, they and prog-arrays may have `:values`.',
    run: defineMap,
  },
  DEFGLOBAL: {
    args: 'name type [value] [doc]',
    doc: 'A variable that programs and user space share.',
    run: (m, s, a) => defineGlobal(m, s, a, 'readwrite'),
  },
  DEFRODATA: {
    args: 'name type [value] [doc]',
    doc: 'A constant that user space may set before loading.',
    run: (m, s, a) => defineGlobal(m, s, a, 'readonly'),
  },
  DEFSUBPROG: {
    args: 'name ((parameter type)...) type body...',
    doc: 'A BPF function that programs call.',
    run: (m, s, a) => defineSubprogram(m, s, a, checkDefinable),
  },
  DEFKFUNC: {
    args: 'name [((parameter type)...) type]',
    doc: "A function of the kernel that programs call; without a signature it comes from the kernel's BTF.",
    run: (m, s, a) => defineKfunc(m, s, a, checkDefinable),
  },
  DEFPROG: {
    args: 'name (:type TYPE [:section S] [:license L]) body...',
    doc: 'Defines a program.',
    run: defineProgram,
  },
  DEFSTRUCT: {
    args: 'name (field type)...',
    doc: 'A C struct with accessors.',
    run: (m, s, a) => defineStruct(m, s, a, checkDefinable),
  },
  DEFUNION: {
    args: 'name member-struct...',
    doc: 'Memory for any of several structs.',
    run: (m, s, a) => defineUnion(m, s, a, checkDefinable),
  },
  DEFHEADER: {
    args: 'name (field :offset N :type T [:net-order t])...',
    doc: 'Accessors of a protocol header.',
    run: defineHeader,
  },
  DEFCONSTANT: { args: 'name value [doc]', doc: 'A compile-time constant.', run: defineVariable('constant') },
  DEFPARAMETER: { args: 'name value [doc]', doc: 'A compile-time variable.', run: defineVariable('parameter') },
  DEFVAR: { args: 'name [value] [doc]', doc: 'A compile-time variable, unless it exists.', run: defineVariable('var') },
  DEFMACRO: { args: 'name (parameters) body...', doc: 'A macro.', run: defineMacro },
  DEFUN: { args: 'name (parameters) body...', doc: 'A compile-time function.', run: defineFunction },
  PROGN: { args: 'forms...', doc: 'Several top-level forms.', run: (m, _, a) => runAll(m, a) },
  'EVAL-WHEN': {
    args: '(situations) forms...',
    doc: 'The forms; all situations are compile time here.',
    run: (m, _, a) => runAll(m, a.slice(1)),
  },
  MACROLET: { args: '((name (parameters) body...)...) forms...', doc: 'Local macros.', run: topMacrolet },
  LOAD: { args: 'path', doc: 'Reads another file.', run: includeFile },
  INCLUDE: { args: 'path', doc: 'Reads another file.', run: includeFile },
  'IN-PACKAGE': ignored('name', 'Accepted; there are no packages.'),
  'USE-PACKAGE': ignored('name', 'Accepted; there are no packages.'),
  DEFPACKAGE: ignored('name options...', 'Accepted; there are no packages.'),
  REQUIRE: ignored('name', 'Accepted.'),
  PROVIDE: ignored('name', 'Accepted.'),
  'LOAD-SYSTEM': ignored('name', 'Accepted.'),
  QUICKLOAD: ignored('name', 'Accepted.'),
  'COMPILE-TO-ELF': ignored('path', 'Accepted; the host decides where output goes.'),
  DECLAIM: ignored('specifiers...', 'Accepted.'),
  DECLARE: ignored('specifiers...', 'Accepted.'),
  DEFTRACEPOINT: {
    args: 'category/event [fields...]',
    doc: "Accessors of a tracepoint's fields: from the kernel's tracefs, else from the shipped table.",
    run: defineTracepoint,
  },
  'IMPORT-KERNEL-STRUCT': {
    args: 'struct [fields...]',
    doc: 'Accessors of a struct of the kernel, by its BTF; every offset is relocated when the program is loaded.',
    run: importKernelStruct,
  },
  'WITH-BPF-SESSION': userSpace('() forms...'),
  'WITH-BPF-OBJECT': userSpace('(name path) forms...'),
}
