/** `dolist`, `dotimes`, `do`: loops inside an anonymous block. */
import { isCons, isSym, isTrue, listFrom, NIL, T, type Value } from '../datum.ts'
import { evaluate, evaluateBody, operandItems, withBlock } from '../eval.ts'
import { childEnv, type Env, type Interp, LispError, type Operator, tick, typeError } from '../interp.ts'
import { first, operator, rest } from './operands.ts'

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

export const ITERATION_OPERATORS: Readonly<Record<string, Operator>> = {
  DOLIST: operator('(name list [result]) body...', 'The body for each element.', evaluateDolist),
  DOTIMES: operator('(name count [result]) body...', 'The body for 0 .. count-1.', evaluateDotimes),
  DO: operator('((name init [step])...) (test result...) body...', 'General loop.', (i, o, e) =>
    evaluateDo(i, o, e, 'parallel'),
  ),
  'DO*': operator('((name init [step])...) (test result...) body...', 'As `do`, sequentially.', (i, o, e) =>
    evaluateDo(i, o, e, 'sequential'),
  ),
}
