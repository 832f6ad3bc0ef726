/** What the special operators share: rows of their tables, and access to operands. */
import { isCons, isSym, NIL, type Sym, type Value } from '../datum.ts'
import { LispError, type Operator, typeError } from '../interp.ts'

export const operator = (args: string, doc: string, evaluateFn: Operator['evaluate']): Operator => ({
  args,
  doc,
  evaluate: evaluateFn,
})

export function first(operands: Value, usage: string): Value {
  if (!isCons(operands)) throw new LispError('bad-syntax', `an operand is missing; usage: ${usage}`)
  return operands.car
}

export function rest(operands: Value): Value {
  return isCons(operands) ? operands.cdr : NIL
}

export function blockName(operands: Value, usage: string): Sym {
  const name = first(operands, usage)
  if (!isSym(name)) throw typeError('block', 'a name', name)
  return name
}
