/** Functions on symbols, and what belongs to evaluation itself: gensym, intern, error, macroexpand, sizeof. */
import { bool, eql, equal, isCons, isFn, isSym, keyword, NIL, type Sym, sym, uninterned, type Value } from '../datum.ts'
import { evaluate, toFn } from '../eval.ts'
import { type Builtin, type Interp, LispError, typeError } from '../interp.ts'
import { printDatum } from '../print.ts'
import { formatControl } from './format.ts'
import { fn } from './list.ts'
import { text } from './string.ts'

function symbol(name: string, value: Value | undefined): Sym {
  if (value === undefined || !isSym(value)) throw typeError(name, 'a symbol', value ?? NIL)
  return value
}

function gensym(args: readonly Value[], interp: Interp): Value {
  const prefix = typeof args[0] === 'string' ? args[0] : args[0] !== undefined && isSym(args[0]) ? args[0].name : 'G'
  return uninterned(`${prefix}${interp.gensyms++}`)
}

function signal(args: readonly Value[], interp: Interp): never {
  const [control, ...rest] = args
  const message =
    typeof control === 'string'
      ? formatControl(interp, control, rest)
      : args.map((a) => printDatum(a, 'plain')).join(' ')
  throw new LispError('macro-error', message)
}

/** One step, or all steps, of the outermost macro. */
export function macroexpand(interp: Interp, form: Value, steps: 'one' | 'all'): Value {
  let result = form
  for (;;) {
    const macro = isCons(result) && isSym(result.car) ? interp.lookups.macro(result.car) : undefined
    if (!macro) return result
    result = macro.expand(result)
    if (steps === 'one') return result
  }
}

function output(args: readonly Value[], interp: Interp, end: string): Value {
  interp.output.push(printDatum(args[0] ?? NIL, 'plain') + end)
  return args[0] ?? NIL
}

function format(args: readonly Value[], interp: Interp): Value {
  const [destination, control, ...rest] = args
  const result = formatControl(interp, text('format', control), rest)
  if (destination === NIL) return result
  if (Array.isArray(destination)) destination.push(result)
  else interp.output.push(result)
  return NIL
}

export const SYMBOL_FUNCTIONS: Readonly<Record<string, Builtin>> = {
  EQ: fn('a b', 'The same object?', ([a, b]) => bool(eql(a!, b!))),
  EQL: fn('a b', 'The same object, number or character?', ([a, b]) => bool(eql(a!, b!))),
  EQUAL: fn('a b', 'The same structure?', ([a, b]) => bool(equal(a!, b!))),
  EQUALP: fn('a b', 'The same structure, ignoring case?', ([a, b]) =>
    bool(typeof a === 'string' && typeof b === 'string' ? a.toLowerCase() === b.toLowerCase() : equal(a!, b!)),
  ),
  NOT: fn('value', 'Is it nil?', ([v]) => bool(v === NIL)),
  SYMBOLP: fn('value', 'Is it a symbol?', ([v]) => bool(isSym(v!))),
  KEYWORDP: fn('value', 'Is it a keyword?', ([v]) => bool(isSym(v!) && v.keyword)),
  FUNCTIONP: fn('value', 'Is it a function?', ([v]) => bool(isFn(v!))),
  'SYMBOL-NAME': fn('symbol', 'Its name, in upper case.', ([s]) => symbol('symbol-name', s).name),
  'SYMBOL-VALUE': fn('symbol', 'Value of a global variable.', ([s], interp) =>
    evaluate(interp, symbol('symbol-value', s), undefined),
  ),
  'SYMBOL-FUNCTION': fn('symbol', 'Its function.', ([s], interp) => toFn(interp, symbol('symbol-function', s))),
  INTERN: fn('name &optional package', 'The symbol of that name.', ([name, where]) =>
    where === keyword('KEYWORD') ? keyword(text('intern', name)) : sym(text('intern', name)),
  ),
  'MAKE-SYMBOL': fn('name', 'A fresh symbol.', ([name]) => uninterned(text('make-symbol', name))),
  'FIND-SYMBOL': fn('name &optional package', 'The symbol of that name.', ([name]) => sym(text('find-symbol', name))),
  SYMBOLICATE: fn('&rest parts', 'The symbol whose name is the parts joined.', (args) =>
    sym(args.map((a) => (typeof a === 'bigint' ? String(a) : text('symbolicate', a))).join('')),
  ),
  GENSYM: fn('&optional prefix', 'A fresh symbol.', gensym),
  GENTEMP: fn('&optional prefix', 'A fresh symbol.', gensym),
  BOUNDP: fn('symbol', 'Is there a global variable?', ([s], interp) => bool(interp.globals.has(symbol('boundp', s)))),
  FBOUNDP: fn('symbol', 'Is there a function or macro?', ([s], interp) => {
    const name = symbol('fboundp', s)
    const known = interp.functions.has(name) || interp.builtins.has(name.name) || interp.operators.has(name.name)
    return bool(known || interp.lookups.macro(name) !== undefined)
  }),
  VALUES: fn('&rest values', 'Several values.', (args, interp) => {
    interp.values = args
    return args[0] ?? NIL
  }),
  ERROR: fn('control &rest args', 'Stops with a message.', signal),
  WARN: fn('control &rest args', 'A remark that is not an error.', ([control, ...rest], interp) => {
    interp.output.push(`warning: ${formatControl(interp, text('warn', control), rest)}\n`)
    return NIL
  }),
  MACROEXPAND: fn('form &optional environment', 'The form without its outermost macro.', ([form], interp) =>
    macroexpand(interp, form!, 'all'),
  ),
  'MACROEXPAND-1': fn('form &optional environment', 'One step of expansion.', ([form], interp) =>
    macroexpand(interp, form!, 'one'),
  ),
  'MACRO-FUNCTION': fn('symbol', 'Is it a macro?', ([s], interp) =>
    bool(interp.lookups.macro(symbol('macro-function', s)) !== undefined),
  ),
  CONSTANTP: fn('form', 'Is the value known without evaluation?', ([form], interp) => {
    const known =
      form !== undefined && isSym(form) && (form.keyword || interp.globals.get(form)?.constant === true || form === NIL)
    return bool(known || typeof form === 'bigint' || typeof form === 'string')
  }),
  EVAL: fn('form', 'The value of a form.', ([form], interp) => evaluate(interp, form!, undefined)),
  FORMAT: fn('destination control &rest args', 'Formatted text; nil as destination gives a string.', format),
  PRINC: fn('value', 'Writes a value.', (args, interp) => output(args, interp, '')),
  PRINT: fn('value', 'Writes a value on a line.', (args, interp) => output(args, interp, '\n')),
  PRIN1: fn('value', 'Writes a value readably.', ([v], interp) => {
    interp.output.push(printDatum(v!))
    return v!
  }),
  TERPRI: fn('', 'Ends a line.', (_, interp) => {
    interp.output.push('\n')
    return NIL
  }),
  'PRINC-TO-STRING': fn('value', 'Its text.', ([v]) => printDatum(v!, 'plain')),
  'PRIN1-TO-STRING': fn('value', 'Its readable text.', ([v]) => printDatum(v!)),
  'WRITE-STRING': fn('string &optional stream', 'Writes a string.', ([s, stream], interp) => {
    if (Array.isArray(stream)) stream.push(s!)
    else interp.output.push(text('write-string', s))
    return s!
  }),
}
