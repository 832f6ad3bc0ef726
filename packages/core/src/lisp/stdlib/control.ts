/** Special operators of compile-time code: binding, conditionals, iteration, exits. */
import {
  eql,
  equal,
  isCons,
  isFn,
  isSym,
  isTrue,
  listFrom,
  NIL,
  type Sym,
  stripSpans,
  sym,
  T,
  type Value,
} from '../datum.ts'
import {
  bindParameters,
  evaluate,
  evaluateBody,
  functionValue,
  makeLambda,
  makeMacro,
  operandItems,
  returnFrom,
  setVariable,
  withBlock,
} from '../eval.ts'
import { childEnv, type Env, type Interp, LispError, NonLocalExit, type Operator, tick, typeError } from '../interp.ts'
import { parseLambdaList } from '../lambda-list.ts'
import { printDatum } from '../print.ts'
import { evaluateQuasiquote, strayUnquote } from '../quasiquote.ts'

type Evaluate = Operator['evaluate']
export const operator = (args: string, doc: string, evaluateFn: Evaluate): Operator => ({
  args,
  doc,
  evaluate: evaluateFn,
})

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

export function first(operands: Value, usage: string): Value {
  if (!isCons(operands)) throw new LispError('bad-syntax', `an operand is missing; usage: ${usage}`)
  return operands.car
}

export function rest(operands: Value): Value {
  return isCons(operands) ? operands.cdr : NIL
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

function evaluateCond(interp: Interp, operands: Value, env: Env | undefined): Value {
  for (const clause of operandItems(operands)) {
    if (!isCons(clause)) throw typeError('cond', 'a clause (test body...)', clause)
    const test = evaluate(interp, clause.car, env)
    if (isTrue(test)) return clause.cdr === NIL ? test : evaluateBody(interp, clause.cdr, env)
  }
  return NIL
}

function evaluateCase(
  interp: Interp,
  operands: Value,
  env: Env | undefined,
  kind: 'case' | 'ecase' | 'typecase',
): Value {
  const key = evaluate(interp, first(operands, `(${kind} key (value body...)...)`), env)
  for (const clause of operandItems(rest(operands))) {
    if (!isCons(clause)) throw typeError(kind, 'a clause (value body...)', clause)
    const test = clause.car
    const isDefault = test === T || test === sym('OTHERWISE')
    const hit =
      isDefault ||
      (kind === 'typecase'
        ? isOfType(key, test)
        : isCons(test)
          ? operandItems(test).some((v) => eql(v, key))
          : test !== NIL && eql(test, key))
    if (hit) return evaluateBody(interp, clause.cdr, env)
  }
  if (kind === 'ecase') throw new LispError('macro-error', `\`${printDatum(key)}\` matches no clause of \`ecase\``)
  return NIL
}

export function isOfType(value: Value, type: Value): boolean {
  const name = isSym(type) ? type.name : isCons(type) && isSym(type.car) ? type.car.name : ''
  switch (name) {
    case 'T':
      return true
    case 'INTEGER':
    case 'NUMBER':
    case 'FIXNUM':
      return typeof value === 'bigint'
    case 'STRING':
      return typeof value === 'string'
    case 'SYMBOL':
      return isSym(value)
    case 'KEYWORD':
      return isSym(value) && value.keyword
    case 'NULL':
      return value === NIL
    case 'CONS':
      return isCons(value)
    case 'LIST':
      return isCons(value) || value === NIL
    case 'ATOM':
      return !isCons(value)
    case 'FUNCTION':
      return isFn(value)
    case 'VECTOR':
      return Array.isArray(value)
    default:
      throw new LispError('unsupported', `the type \`${printDatum(type)}\` is not known at compile time`)
  }
}

/** Runs a loop body inside an anonymous block; `return` leaves it. */
export function loopBlock(env: Env | undefined, run: (frame: Env) => Value): Value {
  const frame = childEnv(env)
  return withBlock(frame, NIL, () => run(frame))
}

function evaluateDolist(interp: Interp, operands: Value, env: Env | undefined): Value {
  const [name, source, result] = operandItems(first(operands, '(dolist (name list [result]) body...)'))
  if (!name || !isSym(name) || source === undefined)
    throw new LispError(
      'bad-syntax',
      '`dolist` needs a variable and a list',
      'usage: (dolist (name list [result]) body...)',
    )
  return loopBlock(env, (frame) => {
    for (let items = evaluate(interp, source, env); isCons(items); items = items.cdr) {
      tick(interp)
      const inner = childEnv(frame)
      inner.variables.set(name, items.car)
      evaluateBody(interp, rest(operands), inner)
    }
    return result === undefined ? NIL : evaluate(interp, result, frame)
  })
}

function evaluateDotimes(interp: Interp, operands: Value, env: Env | undefined): Value {
  const [name, limit, result] = operandItems(first(operands, '(dotimes (name count [result]) body...)'))
  if (!name || !isSym(name) || limit === undefined)
    throw new LispError(
      'bad-syntax',
      '`dotimes` needs a variable and a count',
      'usage: (dotimes (name count [result]) body...)',
    )
  const count = evaluate(interp, limit, env)
  if (typeof count !== 'bigint') throw typeError('dotimes', 'an integer count', count)
  return loopBlock(env, (frame) => {
    for (let i = 0n; i < count; i++) {
      tick(interp)
      const inner = childEnv(frame)
      inner.variables.set(name, i)
      evaluateBody(interp, rest(operands), inner)
    }
    return result === undefined ? NIL : evaluate(interp, result, frame)
  })
}

function evaluateDo(interp: Interp, operands: Value, env: Env | undefined, order: 'parallel' | 'sequential'): Value {
  const usage = '(do ((name init [step])...) (end-test result...) body...)'
  const variables = operandItems(first(operands, usage)).map((spec) => {
    const parts = isCons(spec) ? operandItems(spec) : [spec]
    if (!isSym(parts[0]!)) throw typeError('do', 'a variable name', parts[0]!)
    return { name: parts[0], init: parts[1] ?? NIL, step: parts[2] }
  })
  const end = operandItems(first(rest(operands), usage))
  const body = rest(rest(operands))
  return loopBlock(env, (outer) => {
    const frame = childEnv(outer)
    const inits = variables.map((v) => {
      const value = evaluate(interp, v.init, order === 'sequential' ? frame : env)
      if (order === 'sequential') frame.variables.set(v.name, value)
      return value
    })
    for (const [i, v] of variables.entries()) frame.variables.set(v.name, inits[i]!)
    while (!isTrue(evaluate(interp, end[0] ?? T, frame))) {
      evaluateBody(interp, body, frame)
      if (order === 'sequential') {
        for (const v of variables)
          if (v.step !== undefined) frame.variables.set(v.name, evaluate(interp, v.step, frame))
      } else {
        const steps = variables.map((v) => (v.step === undefined ? undefined : evaluate(interp, v.step, frame)))
        for (const [i, v] of variables.entries()) if (steps[i] !== undefined) frame.variables.set(v.name, steps[i])
      }
    }
    return evaluateBody(interp, listFrom(end.slice(1), NIL), frame)
  })
}

function evaluateHandlerCase(interp: Interp, operands: Value, env: Env | undefined): Value {
  try {
    return evaluate(interp, first(operands, '(handler-case form (error (e) body...))'), env)
  } catch (error) {
    if (!(error instanceof LispError) || error.code === 'macro-limit') throw error
    for (const clause of operandItems(rest(operands))) {
      const [type, parameters, ...body] = isCons(clause) ? operandItems(clause) : []
      if (
        !type ||
        !isSym(type) ||
        !['ERROR', 'CONDITION', 'SERIOUS-CONDITION', 'SIMPLE-ERROR', 'T'].includes(type.name)
      )
        continue
      const frame = childEnv(env)
      const variable = parameters && isCons(parameters) ? parameters.car : undefined
      if (variable && isSym(variable)) frame.variables.set(variable, error.message)
      return evaluateBody(interp, listFrom(body, NIL), frame)
    }
    throw error
  }
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

function evaluateUnwindProtect(interp: Interp, operands: Value, env: Env | undefined): Value {
  try {
    return evaluate(interp, first(operands, '(unwind-protect form cleanup...)'), env)
  } finally {
    evaluateBody(interp, rest(operands), env)
  }
}

function evaluateAnd(interp: Interp, operands: Value, env: Env | undefined): Value {
  let result: Value = T
  for (let forms = operands; isCons(forms); forms = forms.cdr) {
    result = evaluate(interp, forms.car, env)
    if (!isTrue(result)) return NIL
  }
  return result
}

function evaluateOr(interp: Interp, operands: Value, env: Env | undefined): Value {
  for (let forms = operands; isCons(forms); forms = forms.cdr) {
    const result = evaluate(interp, forms.car, env)
    if (isTrue(result)) return result
  }
  return NIL
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

function blockName(operands: Value, usage: string): Sym {
  const name = first(operands, usage)
  if (!isSym(name)) throw typeError('block', 'a name', name)
  return name
}

function ignoreErrors(interp: Interp, operands: Value, env: Env | undefined): Value {
  try {
    return evaluateBody(interp, operands, env)
  } catch (error) {
    if (error instanceof LispError && error.code !== 'macro-limit') return NIL
    throw error
  }
}

function evaluateAssert(interp: Interp, operands: Value, env: Env | undefined): Value {
  const test = first(operands, '(assert test)')
  if (!isTrue(evaluate(interp, test, env)))
    throw new LispError('macro-error', `the assertion \`${printDatum(test)}\` failed`)
  return NIL
}

function prog(interp: Interp, operands: Value, env: Env | undefined, index: number): Value {
  let result: Value = NIL
  operandItems(operands).forEach((form, i) => {
    const value = evaluate(interp, form, env)
    if (i === index) result = value
  })
  return result
}

export const CONTROL_OPERATORS: Readonly<Record<string, Operator>> = {
  QUOTE: operator('datum', 'The datum itself.', (_, o) => quote(first(o, '(quote datum)'))),
  QUASIQUOTE: operator('template', 'A structure with evaluated parts.', (i, o, e) =>
    evaluateQuasiquote(i, first(o, '`template'), (form) => evaluate(i, form, e)),
  ),
  UNQUOTE: operator('form', 'Only inside a backquote.', () => {
    throw strayUnquote(sym('UNQUOTE'))
  }),
  'UNQUOTE-SPLICING': operator('form', 'Only inside a backquote.', () => {
    throw strayUnquote(sym('UNQUOTE-SPLICING'))
  }),
  FUNCTION: operator('name', 'The function of that name.', (i, o, e) => functionValue(i, first(o, "#'name"), e)),
  LAMBDA: operator('(parameters) body...', 'A closure.', (i, o, e) => makeLambda(i, o, e)),
  IF: operator('test then [else]', 'One of two forms.', (i, o, e) =>
    isTrue(evaluate(i, first(o, '(if test then [else])'), e))
      ? evaluate(i, first(rest(o), '(if test then [else])'), e)
      : evaluateBody(i, rest(rest(o)), e),
  ),
  WHEN: operator('test body...', 'The body if the test holds.', (i, o, e) =>
    isTrue(evaluate(i, first(o, '(when test body...)'), e)) ? evaluateBody(i, rest(o), e) : NIL,
  ),
  UNLESS: operator('test body...', 'The body if the test does not hold.', (i, o, e) =>
    isTrue(evaluate(i, first(o, '(unless test body...)'), e)) ? NIL : evaluateBody(i, rest(o), e),
  ),
  COND: operator('(test body...)...', 'The first clause whose test holds.', evaluateCond),
  CASE: operator('key (value body...)...', 'The clause that has the key.', (i, o, e) => evaluateCase(i, o, e, 'case')),
  ECASE: operator('key (value body...)...', 'As `case`, an error without a match.', (i, o, e) =>
    evaluateCase(i, o, e, 'ecase'),
  ),
  TYPECASE: operator('value (type body...)...', 'The clause of the value`s type.', (i, o, e) =>
    evaluateCase(i, o, e, 'typecase'),
  ),
  AND: operator('forms...', 'nil at the first nil, else the last value.', evaluateAnd),
  OR: operator('forms...', 'The first value that is not nil.', evaluateOr),
  PROGN: operator('forms...', 'The value of the last form.', evaluateBody),
  LOCALLY: operator('forms...', 'The value of the last form.', evaluateBody),
  'EVAL-WHEN': operator('(situations) forms...', 'The forms.', (i, o, e) => evaluateBody(i, rest(o), e)),
  PROG1: operator('first forms...', 'The value of the first form.', (i, o, e) => prog(i, o, e, 0)),
  PROG2: operator('first second forms...', 'The value of the second form.', (i, o, e) => prog(i, o, e, 1)),
  THE: operator('type form', 'The form.', (i, o, e) => evaluate(i, first(rest(o), '(the type form)'), e)),
  DECLARE: operator('specifiers...', 'Nothing.', () => NIL),
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
  DOLIST: operator('(name list [result]) body...', 'The body for each element.', evaluateDolist),
  DOTIMES: operator('(name count [result]) body...', 'The body for 0 .. count-1.', evaluateDotimes),
  DO: operator('((name init [step])...) (test result...) body...', 'General loop.', (i, o, e) =>
    evaluateDo(i, o, e, 'parallel'),
  ),
  'DO*': operator('((name init [step])...) (test result...) body...', 'As `do`, sequentially.', (i, o, e) =>
    evaluateDo(i, o, e, 'sequential'),
  ),
  BLOCK: operator('name body...', 'A body that `return-from` can leave.', (i, o, e) => {
    const frame = childEnv(e)
    return withBlock(frame, blockName(o, '(block name body...)'), () => evaluateBody(i, rest(o), frame))
  }),
  'RETURN-FROM': operator('name [value]', 'Leaves a block.', (i, o, e) =>
    returnFrom(e, blockName(o, '(return-from name [value])'), evaluateBody(i, rest(o), e)),
  ),
  RETURN: operator('[value]', 'Leaves the innermost loop.', (i, o, e) => returnFrom(e, NIL, evaluateBody(i, o, e))),
  'DESTRUCTURING-BIND': operator('(parameters) list body...', 'Binds parts of a list.', evaluateDestructuring),
  'MULTIPLE-VALUE-BIND': operator('(names...) form body...', 'Binds all values of a form.', evaluateMultipleValueBind),
  'MULTIPLE-VALUE-LIST': operator('form', 'All values as a list.', (i, o, e) =>
    listFrom(allValues(i, first(o, '(multiple-value-list form)'), e), NIL),
  ),
  'NTH-VALUE': operator('n form', 'One of the values.', (i, o, e) => {
    const n = evaluate(i, first(o, '(nth-value n form)'), e)
    return allValues(i, first(rest(o), '(nth-value n form)'), e)[Number(n)] ?? NIL
  }),
  'HANDLER-CASE': operator('form (error (e) body...)...', 'Catches errors; e is the message.', evaluateHandlerCase),
  'IGNORE-ERRORS': operator('forms...', 'nil when an error happens.', ignoreErrors),
  'UNWIND-PROTECT': operator('form cleanup...', 'Runs the cleanup on every way out.', evaluateUnwindProtect),
  SIZEOF: operator('type', 'Bytes of a struct or scalar type.', evaluateSizeof),
  ASSERT: operator('test', 'An error unless the test holds.', evaluateAssert),
  CATCH: operator('tag body...', 'Where `throw` of the same tag ends.', (i, o, e) => {
    const tag = evaluate(i, first(o, '(catch tag body...)'), e)
    try {
      return evaluateBody(i, rest(o), e)
    } catch (error) {
      if (error instanceof ThrowExit && equal(error.tag, tag)) return error.value
      throw error
    }
  }),
  THROW: operator('tag value', 'Ends the `catch` of that tag.', (i, o, e) => {
    throw new ThrowExit(evaluate(i, first(o, '(throw tag value)'), e), evaluateBody(i, rest(o), e))
  }),
  'WITH-OUTPUT-TO-STRING': operator('(stream) body...', 'Text that the body writes to the stream.', (i, o, e) => {
    const [stream] = operandItems(first(o, '(with-output-to-string (stream) body...)'))
    if (!stream || !isSym(stream))
      throw new LispError('bad-syntax', '`with-output-to-string` needs a name for the stream')
    const frame = childEnv(e)
    const buffer: Value[] = []
    frame.variables.set(stream, buffer)
    evaluateBody(i, rest(o), frame)
    return buffer.join('')
  }),
}

/** The operand is a name, or a form that gives one. */
function evaluateSizeof(interp: Interp, operands: Value, env: Env | undefined): Value {
  const operand = first(operands, '(sizeof type)')
  const size =
    interp.lookups.sizeOf(operand) ??
    (isCons(operand) ? interp.lookups.sizeOf(evaluate(interp, operand, env)) : undefined)
  if (size === undefined) throw new LispError('unknown-struct', `no struct or type is named \`${printDatum(operand)}\``)
  return size
}

class ThrowExit extends NonLocalExit {
  readonly tag: Value
  constructor(tag: Value, value: Value) {
    super({}, value)
    this.tag = tag
  }
}
