/** `setf` and what is built on it: places of compile-time code are variables, list parts, table entries, array elements. */
import { isCons, isHash, isSym, isTrue, keyword, list, listFrom, NIL, type Value } from '../datum.ts'
import { evaluate, evaluateArgs, lookupFunction, operandItems, setVariable } from '../eval.ts'
import { type Env, type Interp, LispError, type Operator, typeError } from '../interp.ts'
import { printDatum } from '../print.ts'
import { hashKey } from './hash.ts'
import { memberOf } from './list.ts'
import { first, operator, rest } from './operands.ts'

/** Reads and writes one place; its operands are evaluated once. */
interface Place {
  readonly get: () => Value
  readonly set: (value: Value) => void
}

const LIST_DEPTH: Readonly<Record<string, number>> = { FIRST: 0, SECOND: 1, THIRD: 2, FOURTH: 3, FIFTH: 4 }

function placeOf(interp: Interp, form: Value, env: Env | undefined): Place {
  if (isSym(form)) {
    return { get: () => evaluate(interp, form, env), set: (value) => setVariable(interp, form, value, env) }
  }
  if (!isCons(form) || !isSym(form.car)) throw new LispError('bad-syntax', `\`${printDatum(form)}\` is no place`)
  const head = form.car
  const local = lookupFunction(env, head)
  const macro =
    local && !('kind' in local)
      ? local
      : local
        ? undefined
        : interp.builtins.has(head.name)
          ? undefined
          : interp.lookups.macro(head)
  if (macro) return placeOf(interp, macro.expand(form), env)
  if (head.name === 'GETF') return getfPlace(interp, form.cdr, env)
  const args = evaluateArgs(interp, form.cdr, env)
  const get = (): Value => {
    const row = interp.builtins.get(head.name)
    if (!row) throw notAPlace(form)
    return row.call(args, interp)
  }
  const set = setterOf(head.name, args)
  if (!set) throw notAPlace(form)
  return { get, set }
}

const notAPlace = (form: Value): LispError =>
  new LispError(
    'unsupported',
    `\`${printDatum(form)}\` cannot be assigned at compile time`,
    'places are variables, car, cdr, nth, first, second..., gethash, getf, aref and elt',
  )

function setterOf(name: string, args: readonly Value[]): ((value: Value) => void) | undefined {
  if (name === 'CAR' || name === 'CDR') return (value) => setPart(name, args[0]!, value)
  if (name in LIST_DEPTH) return (value) => setPart('CAR', tailAt(args[0]!, LIST_DEPTH[name]!), value)
  const path = /^C([AD])([AD]+)R$/.exec(name)
  if (path) return (value) => setPart(`C${path[1]}R`, followPath(args[0]!, path[2]!), value)
  switch (name) {
    case 'REST':
      return (value) => setPart('CDR', args[0]!, value)
    case 'NTH':
      return (value) => setPart('CAR', tailAt(args[1]!, Number(args[0])), value)
    case 'AREF':
    case 'SVREF':
    case 'ELT':
      return (value) => setElement(args[0]!, Number(args[1]), value)
    case 'GETHASH':
      return (value) => {
        const table = args[1]!
        if (!isHash(table)) throw typeError('gethash', 'a hash table', table)
        table.entries.set(hashKey(args[0]!, table.test), [args[0]!, value])
      }
    default:
      return undefined
  }
}

function setElement(sequence: Value, index: number, value: Value): void {
  if (!Array.isArray(sequence)) setPart('CAR', tailAt(sequence, index), value)
  else if (index < 0 || index >= sequence.length)
    throw new LispError('index-out-of-range', `index ${index} is outside a vector of ${sequence.length}`)
  else sequence[index] = value
}

function setPart(part: string, target: Value, value: Value): void {
  if (!isCons(target)) throw typeError(`setf ${part.toLowerCase()}`, 'a cons', target)
  if (part === 'CAR') {
    target.car = value
    // The old position belongs to the old element.
    target.carSpan = undefined
  } else target.cdr = value
}

function tailAt(value: Value, index: number): Value {
  let tail = value
  for (let i = 0; i < index && isCons(tail); i++) tail = tail.cdr
  return tail
}

function followPath(value: Value, path: string): Value {
  let result = value
  for (const step of [...path].reverse()) {
    if (!isCons(result)) return NIL
    result = step === 'A' ? result.car : result.cdr
  }
  return result
}

function getfPlace(interp: Interp, operands: Value, env: Env | undefined): Place {
  const inner = placeOf(interp, first(operands, '(getf place key)'), env)
  const key = evaluate(interp, first(rest(operands), '(getf place key)'), env)
  const initial = isCons(rest(rest(operands))) ? evaluate(interp, first(rest(rest(operands)), ''), env) : NIL
  const find = (): { car: Value } | undefined => {
    for (let tail = inner.get(); isCons(tail) && isCons(tail.cdr); tail = tail.cdr.cdr)
      if (tail.car === key) return tail.cdr
    return undefined
  }
  return {
    get: () => find()?.car ?? initial,
    set: (value) => {
      const found = find()
      if (found) found.car = value
      else inner.set(list(key, value, ...(operandItems(inner.get()) as Value[])))
    },
  }
}

function evaluateSetf(interp: Interp, operands: Value, env: Env | undefined): Value {
  const items = operandItems(operands)
  if (items.length % 2) throw new LispError('bad-syntax', '`setf` needs pairs of a place and a value')
  let result: Value = NIL
  for (let i = 0; i < items.length; i += 2) {
    const place = placeOf(interp, items[i]!, env)
    result = evaluate(interp, items[i + 1]!, env)
    place.set(result)
  }
  return result
}

function evaluatePush(interp: Interp, operands: Value, env: Env | undefined, kind: 'push' | 'pushnew'): Value {
  const usage = `(${kind} item place)`
  const item = evaluate(interp, first(operands, usage), env)
  const place = placeOf(interp, first(rest(operands), usage), env)
  const old = place.get()
  const options = evaluateArgs(interp, rest(rest(operands)), env)
  if (kind === 'pushnew' && memberOf(interp, item, old, options) !== NIL) return old
  const value: Value = { kind: 'cons', car: item, cdr: old }
  place.set(value)
  return value
}

function evaluatePop(interp: Interp, operands: Value, env: Env | undefined): Value {
  const place = placeOf(interp, first(operands, '(pop place)'), env)
  const value = place.get()
  if (!isCons(value)) return NIL
  place.set(value.cdr)
  return value.car
}

function evaluateIncrement(interp: Interp, operands: Value, env: Env | undefined, sign: 1n | -1n): Value {
  const place = placeOf(interp, first(operands, '(incf place [delta])'), env)
  const delta = isCons(rest(operands)) ? evaluate(interp, first(rest(operands), ''), env) : 1n
  const old = place.get()
  if (typeof old !== 'bigint') throw typeError('incf', 'an integer', old)
  if (typeof delta !== 'bigint') throw typeError('incf', 'an integer delta', delta)
  const value = old + sign * delta
  place.set(value)
  return value
}

function evaluateRotate(interp: Interp, operands: Value, env: Env | undefined): Value {
  const places = operandItems(operands).map((form) => placeOf(interp, form, env))
  const values = places.map((place) => place.get())
  for (const [i, place] of places.entries()) place.set(values[(i + 1) % values.length]!)
  return NIL
}

function evaluateShift(interp: Interp, operands: Value, env: Env | undefined): Value {
  const forms = operandItems(operands)
  if (forms.length < 2) throw new LispError('bad-syntax', '`shiftf` needs a place and a value')
  const places = forms.slice(0, -1).map((form) => placeOf(interp, form, env))
  const values = [...places.map((place) => place.get()), evaluate(interp, forms.at(-1)!, env)]
  for (const [i, place] of places.entries()) place.set(values[i + 1]!)
  return values[0]!
}

function evaluateParallelSetf(interp: Interp, operands: Value, env: Env | undefined): Value {
  const forms = operandItems(operands)
  if (forms.length % 2) throw new LispError('bad-syntax', '`psetf` needs pairs of a place and a value')
  const places = forms.filter((_, i) => i % 2 === 0).map((form) => placeOf(interp, form, env))
  const values = forms.filter((_, i) => i % 2 === 1).map((form) => evaluate(interp, form, env))
  for (const [i, place] of places.entries()) place.set(values[i]!)
  return NIL
}

function evaluateRemf(interp: Interp, operands: Value, env: Env | undefined): Value {
  const place = placeOf(interp, first(operands, '(remf place key)'), env)
  const key = evaluate(interp, first(rest(operands), '(remf place key)'), env)
  const items = operandItems(place.get())
  const at = items.findIndex((item, i) => i % 2 === 0 && item === key)
  if (at < 0) return NIL
  items.splice(at, 2)
  place.set(listFrom(items, NIL))
  return keyword('REMOVED')
}

export const PLACE_OPERATORS: Readonly<Record<string, Operator>> = {
  SETF: operator('place value ...', 'Assigns places.', evaluateSetf),
  PUSH: operator('item place', 'Puts an item in front of a list.', (i, o, e) => evaluatePush(i, o, e, 'push')),
  PUSHNEW: operator('item place', 'As `push`, unless the list has the item.', (i, o, e) =>
    evaluatePush(i, o, e, 'pushnew'),
  ),
  POP: operator('place', 'Takes the first item of a list.', evaluatePop),
  INCF: operator('place [delta]', 'Adds to a place.', (i, o, e) => evaluateIncrement(i, o, e, 1n)),
  DECF: operator('place [delta]', 'Subtracts from a place.', (i, o, e) => evaluateIncrement(i, o, e, -1n)),
  SHIFTF: operator('places... value', 'Moves values one place to the left; the old first value.', evaluateShift),
  PSETF: operator('place value ...', 'Assigns places after all values are known.', evaluateParallelSetf),
  ROTATEF: operator('places...', 'Moves values one place on.', evaluateRotate),
  REMF: operator('place key', 'Removes a property.', (i, o, e) => (isTrue(evaluateRemf(i, o, e)) ? keyword('T') : NIL)),
}
