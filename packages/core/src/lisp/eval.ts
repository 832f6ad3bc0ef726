/**
 * The compile-time evaluator: a direct interpreter of data. It has no access to anything outside the compilation, counts
 * its steps, and refuses unknown names with the nearest known one. Special operators come from the table in `Interp`.
 */
import { type Fn, isCons, isFn, isSym, listFrom, listItems, NIL, type Sym, sym, type Value } from './datum.ts'
import { childEnv, type Env, type Interp, LispError, type Macro, NonLocalExit, tick, typeError } from './interp.ts'
import { bindLambdaList, type LambdaList, parseLambdaList } from './lambda-list.ts'
import { printDatum } from './print.ts'
import { didYouMean } from './suggest.ts'

const LAMBDA = sym('LAMBDA')
const DECLARE = sym('DECLARE')

export function evaluate(interp: Interp, form: Value, env: Env | undefined): Value {
  tick(interp)
  if (isSym(form)) return evaluateSymbol(interp, form, env)
  if (!isCons(form)) return form
  if (form.span) interp.where = form.span
  const head = form.car
  if (!isSym(head)) {
    if (isCons(head) && head.car === LAMBDA)
      return makeLambda(interp, head.cdr, env).apply(evaluateArgs(interp, form.cdr, env))
    throw new LispError(
      'unknown-form',
      `\`${printDatum(head)}\` cannot be called`,
      'the first element of a form is a name',
    )
  }
  const local = lookupFunction(env, head)
  if (local) return 'kind' in local ? call(interp, local, form, env) : evaluate(interp, local.expand(form), env)
  const operator = interp.operators.get(head.name)
  if (operator) return operator.evaluate(interp, form.cdr, env)
  const fn = interp.functions.get(head)
  if (fn) return call(interp, fn, form, env)
  const builtin = interp.builtins.get(head.name)
  if (builtin) return call(interp, builtinFn(interp, head.name), form, env)
  const macro = interp.lookups.macro(head)
  if (macro) return evaluate(interp, macro.expand(form), env)
  throw unknownFunction(interp, head)
}

function call(interp: Interp, fn: Fn, form: { cdr: Value; span?: unknown }, env: Env | undefined): Value {
  const where = interp.where
  const args = evaluateArgs(interp, form.cdr, env)
  // Evaluating the arguments moved the place on; an error of the function itself belongs to this form.
  interp.where = where
  return fn.apply(args)
}

export function evaluateArgs(interp: Interp, forms: Value, env: Env | undefined): Value[] {
  const args: Value[] = []
  for (let rest = forms; isCons(rest); rest = rest.cdr) args.push(evaluate(interp, rest.car, env))
  return args
}

/** `progn`: the value of the last form. */
export function evaluateBody(interp: Interp, forms: Value, env: Env | undefined): Value {
  let result: Value = NIL
  for (let rest = forms; isCons(rest); rest = rest.cdr) {
    if (isCons(rest.car) && rest.car.car === DECLARE) continue
    result = evaluate(interp, rest.car, env)
  }
  return result
}

function evaluateSymbol(interp: Interp, name: Sym, env: Env | undefined): Value {
  if (name.keyword || name === NIL || name.name === 'T') return name
  for (let frame = env; frame; frame = frame.parent) {
    const value = frame.variables.get(name)
    if (value !== undefined) return value
    const macro = frame.symbolMacros.get(name)
    if (macro !== undefined) return evaluate(interp, macro, env)
  }
  const global = interp.globals.get(name)
  if (global) return global.value
  const constant = interp.lookups.constant(name)
  if (constant !== undefined) return constant
  throw new LispError(
    'unbound-variable',
    `the compile-time variable \`${printDatum(name)}\` is unbound`,
    variableHint(interp, name, env),
  )
}

function variableHint(interp: Interp, name: Sym, env: Env | undefined): string | undefined {
  const names: string[] = []
  for (let frame = env; frame; frame = frame.parent)
    for (const key of frame.variables.keys()) names.push(printDatum(key))
  for (const key of interp.globals.keys()) names.push(printDatum(key))
  return didYouMean(printDatum(name), names)
}

/** Sets an existing variable, or makes a global one, as Common Lisp implementations do. */
export function setVariable(interp: Interp, name: Sym, value: Value, env: Env | undefined): void {
  for (let frame = env; frame; frame = frame.parent) {
    if (frame.variables.has(name)) {
      frame.variables.set(name, value)
      return
    }
    const macro = frame.symbolMacros.get(name)
    if (macro !== undefined && isSym(macro)) {
      setVariable(interp, macro, value, env)
      return
    }
  }
  const global = interp.globals.get(name)
  if (global?.constant) throw new LispError('constant-assigned', `\`${printDatum(name)}\` is a constant`)
  if (!global) {
    throw new LispError(
      'unbound-variable',
      `\`${printDatum(name)}\` is not a variable`,
      variableHint(interp, name, env) ?? 'bind it with `let` or `defparameter` first',
    )
  }
  global.value = value
}

export function lookupFunction(env: Env | undefined, name: Sym): Fn | Macro | undefined {
  for (let frame = env; frame; frame = frame.parent) {
    const found = frame.functions.get(name)
    if (found) return found
  }
  return undefined
}

export function builtinFn(interp: Interp, name: string): Fn {
  const row = interp.builtins.get(name)!
  return {
    kind: 'fn',
    name,
    apply: (args) => {
      checkCount(name, row.args, args.length)
      return row.call(args, interp)
    },
  }
}

const countCache = new Map<string, readonly [number, number]>()

/** `(a b &optional c)` -> [2, 3]. */
function argumentRange(arglist: string): readonly [number, number] {
  let range = countCache.get(arglist)
  if (!range) {
    const words = arglist.split(/\s+/).filter(Boolean)
    const special = words.findIndex((word) => word.startsWith('&'))
    const required = special < 0 ? words.length : special
    const optional =
      words[special] === '&optional' ? words.slice(special + 1).filter((w) => !w.startsWith('&')).length : 0
    const open = words.includes('&rest') || words.includes('&key')
    range = [required, open ? Number.POSITIVE_INFINITY : required + optional]
    countCache.set(arglist, range)
  }
  return range
}

function checkCount(name: string, arglist: string, count: number): void {
  const [least, most] = argumentRange(arglist)
  if (count >= least && count <= most) return
  const lower = name.toLowerCase()
  throw new LispError(
    'wrong-argument-count',
    `\`${lower}\` got ${count} argument${count === 1 ? '' : 's'}`,
    `usage: (${lower}${arglist ? ` ${arglist}` : ''})`,
  )
}

function unknownFunction(interp: Interp, name: Sym): LispError {
  const known = [
    ...interp.operators.keys(),
    ...interp.builtins.keys(),
    ...[...interp.functions.keys()].map((s) => s.name),
  ]
  const hint = didYouMean(name.name, known)?.toLowerCase()
  return new LispError('unknown-form', `no compile-time function or form is named \`${printDatum(name)}\``, hint)
}

/** A function designator: a function, or a symbol that names one. */
export function toFn(interp: Interp, value: Value, env?: Env): Fn {
  if (isFn(value)) return value
  if (!isSym(value)) throw typeError('funcall', 'a function', value)
  const local = lookupFunction(env, value)
  if (local) {
    if ('kind' in local) return local
    throw typeError('function', 'a function, not a macro', value)
  }
  const fn = interp.functions.get(value)
  if (fn) return fn
  if (interp.builtins.has(value.name)) return builtinFn(interp, value.name)
  throw unknownFunction(interp, value)
}

/** `(function x)`. */
export function functionValue(interp: Interp, designator: Value, env: Env | undefined): Fn {
  if (isCons(designator) && designator.car === LAMBDA) return makeLambda(interp, designator.cdr, env)
  return toFn(interp, designator, env)
}

/** A closure of `((params) body...)`. */
export function makeLambda(interp: Interp, definition: Value, env: Env | undefined, name = 'LAMBDA'): Fn {
  if (!isCons(definition))
    throw new LispError('bad-syntax', '`lambda` needs a parameter list', 'usage: (lambda (parameters) body...)')
  const lambda = parseLambdaList(definition.car)
  const body = definition.cdr
  const isNamed = name !== 'LAMBDA'
  const apply = (args: Value[]): Value => {
    const frame = childEnv(env)
    bindParameters(interp, { lambda, name }, listFrom(args, NIL), frame)
    return isNamed
      ? withBlock(frame, sym(name), () => evaluateBody(interp, body, frame))
      : evaluateBody(interp, body, frame)
  }
  return { kind: 'fn', name, apply }
}

/** Binds a lambda list into a frame; default forms see the parameters before them. */
export function bindParameters(
  interp: Interp,
  what: { lambda: LambdaList; name: string },
  args: Value,
  frame: Env,
): void {
  bindLambdaList(what.lambda, args, {
    name: what.name.toLowerCase(),
    bind: (name, value) => frame.variables.set(name, value),
    evaluate: (form) => evaluate(interp, form, frame),
  })
}

// Blocks live in the function namespace of a frame under a name that no symbol has.
const blockTargets = new WeakMap<Env, Map<Sym, object>>()

/** Runs `run` with a block that `return-from` can leave. */
export function withBlock(env: Env, name: Sym, run: () => Value): Value {
  // A new target for each activation: an exit must not be caught by another call of the same function.
  const target = {}
  const targets = blockTargets.get(env) ?? new Map<Sym, object>()
  targets.set(name, target)
  blockTargets.set(env, targets)
  try {
    return run()
  } catch (error) {
    if (error instanceof NonLocalExit && error.target === target) return error.value
    throw error
  }
}

export function returnFrom(env: Env | undefined, name: Sym, value: Value): never {
  for (let frame = env; frame; frame = frame.parent) {
    const target = blockTargets.get(frame)?.get(name)
    if (target) throw new NonLocalExit(target, value)
  }
  throw new LispError('bad-syntax', `no block named \`${printDatum(name)}\` is around this`)
}

/** A macro of `(name lambda-list body...)`: its expander gets the call form's arguments destructured. */
export function makeMacro(interp: Interp, name: Sym, definition: Value, env: Env | undefined): (form: Value) => Value {
  if (!isCons(definition))
    throw new LispError(
      'bad-syntax',
      '`defmacro` needs a parameter list',
      'usage: (defmacro name (parameters) body...)',
    )
  const lambda = parseLambdaList(definition.car)
  const body = definition.cdr
  return (form) => {
    const frame = childEnv(env)
    bindParameters(interp, { lambda, name: publicName(name) }, isCons(form) ? form.cdr : NIL, frame)
    return withBlock(frame, name, () => evaluateBody(interp, body, frame))
  }
}

/** Private macros of the prelude begin with `%`; messages show the name that the user knows. */
export const publicName = (name: Sym): string => name.name.replace(/^%/, '')

/** The operands of an operator as an array; `usage` for the error when they are no proper list. */
export function operandItems(operands: Value): Value[] {
  const items = listItems(operands)
  if (!items) throw new LispError('bad-syntax', `\`${printDatum(operands)}\` is not a proper list`)
  return items
}
