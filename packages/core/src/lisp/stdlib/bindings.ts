/** Special operators that bind or assign names: let, flet, macrolet, destructuring, several values. */
import { isCons, isSym, listFrom, NIL, type Sym, stripSpans, type Value } from '../datum.ts'
import { bindParameters, evaluate, evaluateBody, makeLambda, makeMacro, operandItems, setVariable } from '../eval.ts'
import { childEnv, type Env, type Interp, LispError, type Operator, typeError } from '../interp.ts'
import { parseLambdaList } from '../lambda-list.ts'
import { first, operator, rest } from './operands.ts'

const quoted = new WeakMap<object, Value>()

/** Quoted structure is copied once without positions, so that it stays `eq` to itself. */
function quote(value: Value): Value {
  if (!isCons(value)) return value
  const known = quoted.get(value)
  if (known !== undefined) return known
  const copy = stripSpans(value)
  quoted.set(value, copy)
  return copy
}

/** `let`: global variables that are no constants are bound dynamically, everything else lexically. */
function evaluateLet(
  interp: Interp,
  operands: Value,
  env: Env | undefined,
  sequential: 'parallel' | 'sequential',
): Value {
  const frame = childEnv(env)
  const undo: (() => void)[] = []
  const pending: [Sym, Value][] = []
  const bind = (name: Sym, value: Value): void => {
    const global = interp.globals.get(name)
    if (global && !global.constant) {
      const old = global.value
      global.value = value
      undo.push(() => {
        global.value = old
      })
    } else frame.variables.set(name, value)
  }
  try {
    for (const binding of operandItems(first(operands, '(let ((name value)...) body...)'))) {
      const name = isCons(binding) ? binding.car : binding
      if (!isSym(name)) throw typeError('let', 'a variable name', name)
      const init = isCons(binding) && isCons(binding.cdr) ? binding.cdr.car : NIL
      const value = evaluate(interp, init, sequential === 'sequential' ? frame : env)
      if (sequential === 'sequential') bind(name, value)
      else pending.push([name, value])
    }
    for (const [name, value] of pending) bind(name, value)
    return evaluateBody(interp, rest(operands), frame)
  } finally {
    for (const restore of undo.reverse()) restore()
  }
}

function defineFunctions(
  interp: Interp,
  operands: Value,
  env: Env | undefined,
  kind: 'flet' | 'labels' | 'macrolet',
): Value {
  const frame = childEnv(env)
  for (const definition of operandItems(first(operands, `(${kind} ((name (parameters) body...)...) body...)`))) {
    if (!isCons(definition) || !isSym(definition.car))
      throw typeError(kind, 'a definition (name (parameters) body...)', definition)
    const name = definition.car
    if (kind === 'macrolet') {
      frame.functions.set(name, {
        name: name.name,
        builtin: false,
        expand: makeMacro(interp, name, definition.cdr, env),
      })
    } else frame.functions.set(name, makeLambda(interp, definition.cdr, kind === 'labels' ? frame : env, name.name))
  }
  return evaluateBody(interp, rest(operands), frame)
}

function evaluateMultipleValueBind(interp: Interp, operands: Value, env: Env | undefined): Value {
  const names = operandItems(first(operands, '(multiple-value-bind (names...) form body...)'))
  const values = allValues(interp, first(rest(operands), '(multiple-value-bind (names...) form body...)'), env)
  const frame = childEnv(env)
  names.forEach((name, i) => {
    if (!isSym(name)) throw typeError('multiple-value-bind', 'a variable name', name)
    frame.variables.set(name, values[i] ?? NIL)
  })
  return evaluateBody(interp, rest(rest(operands)), frame)
}

/** Every value of a form. */
export function allValues(interp: Interp, form: Value, env: Env | undefined): readonly Value[] {
  interp.values = undefined
  const primary = evaluate(interp, form, env)
  const values: readonly Value[] | undefined = interp.values
  interp.values = undefined
  return values && values[0] === primary ? values : [primary]
}

function evaluateDestructuring(interp: Interp, operands: Value, env: Env | undefined): Value {
  const usage = '(destructuring-bind (parameters) list body...)'
  const lambda = parseLambdaList(first(operands, usage))
  const value = evaluate(interp, first(rest(operands), usage), env)
  const frame = childEnv(env)
  bindParameters(interp, { lambda, name: 'destructuring-bind' }, value, frame)
  return evaluateBody(interp, rest(rest(operands)), frame)
}

function evaluateSymbolMacrolet(interp: Interp, operands: Value, env: Env | undefined): Value {
  const frame = childEnv(env)
  for (const binding of operandItems(first(operands, '(symbol-macrolet ((name form)...) body...)'))) {
    const [name, expansion] = operandItems(binding)
    if (!name || !isSym(name) || expansion === undefined)
      throw typeError('symbol-macrolet', 'a pair (name form)', binding)
    frame.symbolMacros.set(name, expansion)
  }
  return evaluateBody(interp, rest(operands), frame)
}

function evaluateSetq(interp: Interp, operands: Value, env: Env | undefined): Value {
  const items = operandItems(operands)
  let result: Value = NIL
  for (let i = 0; i < items.length; i += 2) {
    const name = items[i]!
    if (!isSym(name) || i + 1 >= items.length)
      throw new LispError('bad-syntax', '`setq` needs pairs of a variable and a value')
    result = evaluate(interp, items[i + 1]!, env)
    setVariable(interp, name, result, env)
  }
  return result
}

export const BINDING_OPERATORS: Readonly<Record<string, Operator>> = {
  QUOTE: operator('datum', 'The datum itself.', (_, o) => quote(first(o, '(quote datum)'))),
  LET: operator('((name value)...) body...', 'Parallel bindings.', (i, o, e) => evaluateLet(i, o, e, 'parallel')),
  'LET*': operator('((name value)...) body...', 'Sequential bindings.', (i, o, e) =>
    evaluateLet(i, o, e, 'sequential'),
  ),
  FLET: operator('((name (parameters) body...)...) body...', 'Local functions.', (i, o, e) =>
    defineFunctions(i, o, e, 'flet'),
  ),
  LABELS: operator('((name (parameters) body...)...) body...', 'Local functions that see each other.', (i, o, e) =>
    defineFunctions(i, o, e, 'labels'),
  ),
  MACROLET: operator('((name (parameters) body...)...) body...', 'Local macros.', (i, o, e) =>
    defineFunctions(i, o, e, 'macrolet'),
  ),
  'SYMBOL-MACROLET': operator('((name form)...) body...', 'Names that stand for forms.', evaluateSymbolMacrolet),
  SETQ: operator('name value ...', 'Assigns variables.', evaluateSetq),
  'DESTRUCTURING-BIND': operator('(parameters) list body...', 'Binds parts of a list.', evaluateDestructuring),
  'MULTIPLE-VALUE-BIND': operator('(names...) form body...', 'Binds all values of a form.', evaluateMultipleValueBind),
  'MULTIPLE-VALUE-LIST': operator('form', 'All values as a list.', (i, o, e) =>
    listFrom(allValues(i, first(o, '(multiple-value-list form)'), e), NIL),
  ),
  'NTH-VALUE': operator('n form', 'One of the values.', (i, o, e) => {
    const n = evaluate(i, first(o, '(nth-value n form)'), e)
    return allValues(i, first(rest(o), '(nth-value n form)'), e)[Number(n)] ?? NIL
  }),
}
