/** Special operators of compile-time code: templates, conditionals, sequences, exits, errors. */
import { eql, equal, isCons, isFn, isSym, isTrue, listFrom, NIL, sym, T, type Value } from '../datum.ts'
import { evaluate, evaluateBody, functionValue, makeLambda, operandItems, returnFrom, withBlock } from '../eval.ts'
import { childEnv, type Env, type Interp, LispError, NonLocalExit, type Operator, typeError } from '../interp.ts'
import { printDatum } from '../print.ts'
import { evaluateQuasiquote, strayUnquote } from '../quasiquote.ts'
import { blockName, first, operator, rest } from './operands.ts'

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
  kind: 'case' | 'ecase' | 'typecase' | 'etypecase',
): Value {
  const key = evaluate(interp, first(operands, `(${kind} key (value body...)...)`), env)
  for (const clause of operandItems(rest(operands))) {
    if (!isCons(clause)) throw typeError(kind, 'a clause (value body...)', clause)
    const test = clause.car
    const isDefault = test === T || test === sym('OTHERWISE')
    const hit =
      isDefault ||
      (kind === 'typecase' || kind === 'etypecase'
        ? isOfType(key, test)
        : isCons(test)
          ? operandItems(test).some((v) => eql(v, key))
          : test !== NIL && eql(test, key))
    if (hit) return evaluateBody(interp, clause.cdr, env)
  }
  if (kind === 'ecase' || kind === 'etypecase')
    throw new LispError('macro-error', `\`${printDatum(key)}\` matches no clause of \`${kind}\``)
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

function evaluateCheckType(interp: Interp, operands: Value, env: Env | undefined): Value {
  const usage = '(check-type form type)'
  const form = first(operands, usage)
  const type = first(rest(operands), usage)
  const value = evaluate(interp, form, env)
  if (isOfType(value, type)) return NIL
  throw new LispError(
    'macro-error',
    `\`${printDatum(form)}\` should be of type \`${printDatum(type)}\`, but is \`${printDatum(value)}\``,
  )
}

export const CONTROL_OPERATORS: Readonly<Record<string, Operator>> = {
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
  ETYPECASE: operator('value (type body...)...', 'As `typecase`, an error without a match.', (i, o, e) =>
    evaluateCase(i, o, e, 'etypecase'),
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
  BLOCK: operator('name body...', 'A body that `return-from` can leave.', (i, o, e) => {
    const frame = childEnv(e)
    return withBlock(frame, blockName(o, '(block name body...)'), () => evaluateBody(i, rest(o), frame))
  }),
  'RETURN-FROM': operator('name [value]', 'Leaves a block.', (i, o, e) =>
    returnFrom(e, blockName(o, '(return-from name [value])'), evaluateBody(i, rest(o), e)),
  ),
  RETURN: operator('[value]', 'Leaves the innermost loop.', (i, o, e) => returnFrom(e, NIL, evaluateBody(i, o, e))),
  'HANDLER-CASE': operator('form (error (e) body...)...', 'Catches errors; e is the message.', evaluateHandlerCase),
  'IGNORE-ERRORS': operator('forms...', 'nil when an error happens.', ignoreErrors),
  'UNWIND-PROTECT': operator('form cleanup...', 'Runs the cleanup on every way out.', evaluateUnwindProtect),
  SIZEOF: operator('type', 'Bytes of a struct or scalar type.', evaluateSizeof),
  'CHECK-TYPE': operator('form type', 'An error unless the value has the type.', evaluateCheckType),
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
