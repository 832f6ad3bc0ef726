/** Clauses of `loop` that run in every round: do, while, when, collect and the other accumulations, always, thereis. */
import { type Cons, cons, isCons, isSym, isTrue, NIL, T, type Value } from '../datum.ts'
import { evaluate, operandItems } from '../eval.ts'
import { NonLocalExit, typeError } from '../interp.ts'
import { printDatum } from '../print.ts'
import { accept, type Clauses, fail, finish, form, type LoopRun, type Step, word } from './loop-clauses.ts'

export function parseAction(clauses: Clauses): Step {
  const at = clauses.items[clauses.next++]
  const name = word(at)
  switch (name) {
    case 'DO':
    case 'DOING': {
      const forms: Value[] = []
      while (clauses.next < clauses.items.length && isCons(clauses.items[clauses.next]!))
        forms.push(clauses.items[clauses.next++]!)
      return (cx) => {
        for (const f of forms) evaluate(cx.interp, f, cx.env)
      }
    }
    case 'WHILE':
    case 'UNTIL': {
      const test = form(clauses, name)
      return (cx) => {
        if (isTrue(evaluate(cx.interp, test, cx.env)) === (name === 'UNTIL')) finish(cx)
      }
    }
    case 'WHEN':
    case 'IF':
    case 'UNLESS':
      return parseConditional(clauses, name)
    case 'ALWAYS':
    case 'NEVER':
    case 'THEREIS':
      return parseTest(clauses, name)
    case 'RETURN': {
      const value = form(clauses, name)
      return (cx) => leave(cx, evaluate(cx.interp, value, cx.env))
    }
    default:
      break
  }
  const kind = ACCUMULATIONS[name]
  if (kind) return parseAccumulation(clauses, kind)
  if (at !== undefined && isCons(at)) return (cx) => void evaluate(cx.interp, at, cx.env)
  throw fail(`\`${at === undefined ? '' : printDatum(at)}\` is no clause`)
}

export const EARLY = new WeakMap<object, Value>()

function leave(cx: LoopRun, value: Value): never {
  EARLY.set(cx, value)
  throw new NonLocalExit(cx, value)
}

function parseTest(clauses: Clauses, kind: 'ALWAYS' | 'NEVER' | 'THEREIS'): Step {
  const test = form(clauses, kind)
  return (cx) => {
    const value = evaluate(cx.interp, test, cx.env)
    if (kind === 'THEREIS' && isTrue(value)) leave(cx, value)
    if (kind === 'ALWAYS' && !isTrue(value)) leave(cx, NIL)
    if (kind === 'NEVER' && isTrue(value)) leave(cx, NIL)
    if (kind !== 'THEREIS') cx.result = T
  }
}

function parseConditional(clauses: Clauses, kind: string): Step {
  const test = form(clauses, kind)
  const branch = (): Step[] => {
    const steps = [parseAction(clauses)]
    while (accept(clauses, 'AND')) steps.push(parseAction(clauses))
    return steps
  }
  const then = branch()
  const otherwise = accept(clauses, 'ELSE') ? branch() : []
  accept(clauses, 'END')
  return (cx) => {
    const holds = isTrue(evaluate(cx.interp, test, cx.env)) !== (kind === 'UNLESS')
    for (const step of holds ? then : otherwise) step(cx)
  }
}

type Accumulation = (old: Value | undefined, value: Value) => Value

const number = (value: Value | undefined, initial: bigint): bigint => {
  if (value === undefined) return initial
  if (typeof value !== 'bigint') throw typeError('loop', 'an integer', value)
  return value
}
// Last conses of the lists that loops are building: elements are put at the end in constant time.
const lastCons = new WeakMap<Cons, Cons>()

function extend(old: Value | undefined, added: readonly Value[]): Value {
  let head = old === undefined ? NIL : old
  let last = isCons(head) ? lastCons.get(head) : undefined
  for (const item of added) {
    const next = cons(item, NIL)
    if (last) last.cdr = next
    else head = next
    last = next
  }
  if (isCons(head) && last) lastCons.set(head, last)
  return head
}

const collect: Accumulation = (old, value) => extend(old, [value])
const append: Accumulation = (old, value) => extend(old, operandItems(value))
const sum: Accumulation = (old, value) => number(old, 0n) + number(value, 0n)
const count: Accumulation = (old, value) => number(old, 0n) + (isTrue(value) ? 1n : 0n)
const maximize: Accumulation = (old, value) => (old === undefined || number(value, 0n) > number(old, 0n) ? value : old)
const minimize: Accumulation = (old, value) => (old === undefined || number(value, 0n) < number(old, 0n) ? value : old)

const ACCUMULATIONS: Readonly<Record<string, Accumulation>> = {
  COLLECT: collect,
  COLLECTING: collect,
  APPEND: append,
  APPENDING: append,
  NCONC: append,
  NCONCING: append,
  SUM: sum,
  SUMMING: sum,
  COUNT: count,
  COUNTING: count,
  MAXIMIZE: maximize,
  MAXIMIZING: maximize,
  MINIMIZE: minimize,
  MINIMIZING: minimize,
}
/** What an accumulation is before anything was added. */
const initialOf = (kind: Accumulation): Value => (kind === sum || kind === count ? 0n : NIL)

function parseAccumulation(clauses: Clauses, kind: Accumulation): Step {
  const value = form(clauses, 'collect')
  const into = accept(clauses, 'INTO') ? form(clauses, 'into') : undefined
  if (into !== undefined && !isSym(into)) throw fail('expected a variable after `into`')
  return Object.assign(
    (cx: LoopRun) => {
      const item = evaluate(cx.interp, value, cx.env)
      if (into === undefined) cx.result = kind(cx.result, item)
      else {
        const next = kind(cx.named.get(into), item)
        cx.named.set(into, next)
        cx.env.variables.set(into, next)
      }
    },
    { into, initial: initialOf(kind) },
  )
}
