/** Iteration clauses of `loop`: for, as, with, repeat. Each becomes a driver that ends the loop by itself. */
import { isCons, isHash, NIL, type Value } from '../datum.ts'
import { evaluate } from '../eval.ts'
import { typeError } from '../interp.ts'
import { printDatum } from '../print.ts'
import {
  accept,
  assign,
  type Clauses,
  type Driver,
  fail,
  finish,
  form,
  type LoopRun,
  type Step,
} from './loop-clauses.ts'
import { elements } from './sequence.ts'

export function parseWith(clauses: Clauses): Driver {
  const target = form(clauses, 'with')
  const init = accept(clauses, '=') ? form(clauses, '=') : NIL
  return { start: (cx) => assign(cx, target, evaluate(cx.interp, init, cx.env)), step: () => {} }
}

export function repeatDriver(count: Value): Driver {
  const key = {}
  const check: Step = (cx) => {
    const left = cx.tails.get(key) as bigint
    if (left <= 0n) finish(cx)
    cx.tails.set(key, left - 1n)
  }
  return {
    start: (cx) => {
      const value = evaluate(cx.interp, count, cx.env)
      if (typeof value !== 'bigint') throw typeError('loop repeat', 'an integer', value)
      cx.tails.set(key, value)
      check(cx)
    },
    step: check,
  }
}

export function parseFor(clauses: Clauses): Driver {
  const target = form(clauses, 'for')
  if (accept(clauses, 'OF-TYPE')) form(clauses, 'of-type')
  const kind = accept(
    clauses,
    'IN',
    'ON',
    'ACROSS',
    '=',
    'BEING',
    'FROM',
    'UPFROM',
    'DOWNFROM',
    'TO',
    'UPTO',
    'BELOW',
    'DOWNTO',
    'ABOVE',
  )
  switch (kind) {
    case 'IN':
    case 'ON':
      return listDriver(clauses, target, kind)
    case 'ACROSS': {
      const source = form(clauses, 'across')
      return elementDriver(target, (cx) => elements('loop across', evaluate(cx.interp, source, cx.env)))
    }
    case '=':
      return equalDriver(clauses, target)
    case 'BEING':
      return hashDriver(clauses, target)
    case undefined:
      throw fail(`expected in, on, across, from, to, below, = or being after \`for ${printDatum(target)}\``)
    default:
      clauses.next--
      return numberDriver(clauses, target)
  }
}

function elementDriver(target: Value, source: (cx: LoopRun) => readonly Value[]): Driver {
  const key = {}
  const advance = (cx: LoopRun, index: number): void => {
    const [all] = cx.tails.get(key) as [Value[], bigint]
    if (index >= all.length) finish(cx)
    cx.tails.set(key, [all, BigInt(index)])
    assign(cx, target, all[index]!)
  }
  return {
    start: (cx) => {
      cx.tails.set(key, [[...source(cx)], 0n])
      advance(cx, 0)
    },
    step: (cx) => advance(cx, Number((cx.tails.get(key) as [Value[], bigint])[1]) + 1),
  }
}

function listDriver(clauses: Clauses, target: Value, kind: 'IN' | 'ON'): Driver {
  const source = form(clauses, kind)
  const by = accept(clauses, 'BY') ? form(clauses, 'by') : undefined
  const key = {}
  const use = (cx: LoopRun, tail: Value): void => {
    if (!isCons(tail)) finish(cx)
    else {
      cx.tails.set(key, tail)
      assign(cx, target, kind === 'IN' ? tail.car : tail)
    }
  }
  return {
    start: (cx) => {
      const value = evaluate(cx.interp, source, cx.env)
      if (!isCons(value) && value !== NIL) throw typeError(`loop ${kind.toLowerCase()}`, 'a list', value)
      use(cx, value)
    },
    step: (cx) => {
      const tail = cx.tails.get(key)!
      if (by === undefined) return use(cx, isCons(tail) ? tail.cdr : NIL)
      const fn = evaluate(cx.interp, by, cx.env)
      if (typeof fn !== 'object' || Array.isArray(fn) || fn.kind !== 'fn') throw typeError('loop by', 'a function', fn)
      use(cx, fn.apply([tail]))
    },
  }
}

function equalDriver(clauses: Clauses, target: Value): Driver {
  const init = form(clauses, '=')
  const then = accept(clauses, 'THEN') ? form(clauses, 'then') : init
  return {
    start: (cx) => assign(cx, target, evaluate(cx.interp, init, cx.env)),
    step: (cx) => assign(cx, target, evaluate(cx.interp, then, cx.env)),
  }
}

function hashDriver(clauses: Clauses, target: Value): Driver {
  accept(clauses, 'THE', 'EACH')
  const what = accept(clauses, 'HASH-KEYS', 'HASH-KEY', 'HASH-VALUES', 'HASH-VALUE')
  if (!what || !accept(clauses, 'OF', 'IN')) throw fail('expected `being the hash-keys of table`')
  const source = form(clauses, 'of')
  const pick = what.startsWith('HASH-KEY') ? 0 : 1
  return elementDriver(target, (cx) => {
    const table = evaluate(cx.interp, source, cx.env)
    if (!isHash(table)) throw typeError('loop being', 'a hash table', table)
    return [...table.entries.values()].map((entry) => entry[pick])
  })
}

function numberDriver(clauses: Clauses, target: Value): Driver {
  const parts = new Map<string, Value>()
  for (;;) {
    const kind = accept(clauses, 'FROM', 'UPFROM', 'DOWNFROM', 'TO', 'UPTO', 'BELOW', 'DOWNTO', 'ABOVE', 'BY')
    if (kind === undefined) break
    parts.set(kind, form(clauses, kind))
  }
  const down = parts.has('DOWNFROM') || parts.has('DOWNTO') || parts.has('ABOVE')
  const limitWord = ['TO', 'UPTO', 'BELOW', 'DOWNTO', 'ABOVE'].find((w) => parts.has(w))
  const key = {}
  const number = (cx: LoopRun, names: string[], fallback: bigint): bigint => {
    const name = names.find((n) => parts.has(n))
    if (name === undefined) return fallback
    const value = evaluate(cx.interp, parts.get(name)!, cx.env)
    if (typeof value !== 'bigint') throw typeError(`loop ${name.toLowerCase()}`, 'an integer', value)
    return value
  }
  const use = (cx: LoopRun, value: bigint): void => {
    const [, step, limit] = cx.tails.get(key) as bigint[]
    const strict = limitWord === 'BELOW' || limitWord === 'ABOVE'
    if (limitWord !== undefined && (down ? value < limit! : value > limit!)) finish(cx)
    if (strict && value === limit) finish(cx)
    cx.tails.set(key, [value, step!, limit!])
    assign(cx, target, value)
  }
  return {
    start: (cx) => {
      const start = number(cx, ['FROM', 'UPFROM', 'DOWNFROM'], 0n)
      const step = number(cx, ['BY'], 1n)
      cx.tails.set(key, [start, down ? -step : step, limitWord ? number(cx, [limitWord], 0n) : 0n])
      use(cx, start)
    },
    step: (cx) => {
      const [value, step] = cx.tails.get(key) as bigint[]
      use(cx, value! + step!)
    },
  }
}
