/**
 * `loop`, the common clauses: for/as with in, on, across, from/upfrom/downfrom, to/upto/downto/below/above, by, `=`/then,
 * being the hash-keys/hash-values of; repeat, with, while, until, do, collect, append, sum, count, maximize, minimize
 * (with `into`), when/if/unless ... else ... end, always, never, thereis, initially, finally, return, named. The clauses
 * are compiled to steps once, then run.
 */
import {
  type Cons,
  cons,
  isCons,
  isHash,
  isSym,
  isTrue,
  list,
  NIL,
  type Sym,
  sym,
  T,
  uninterned,
  type Value,
} from '../datum.ts'
import { bindParameters, evaluate, operandItems, withBlock } from '../eval.ts'
import { childEnv, type Env, type Interp, LispError, NonLocalExit, type Operator, tick, typeError } from '../interp.ts'
import { parseLambdaList } from '../lambda-list.ts'
import { printDatum } from '../print.ts'
import { loopBlock, operator } from './control.ts'
import { elements } from './sequence.ts'

/** Mutable state of one parse: the remaining clauses. */
interface Clauses {
  readonly items: readonly Value[]
  next: number
}

type Step = (cx: LoopRun) => void

/** One iteration variable: `start` before the first round, `step` before each later one; both may end the loop. */
interface Driver {
  readonly start: Step
  readonly step: Step
}

interface Plan {
  name: Sym | undefined
  readonly drivers: Driver[]
  readonly initially: Value[]
  readonly body: Step[]
  readonly finally: Value[]
}

interface LoopRun {
  readonly interp: Interp
  readonly env: Env
  /** The unnamed accumulation. */
  result: Value | undefined
  readonly named: Map<Sym, Value>
  readonly tails: Map<object, Value>
  readonly finish: object
}

const FINISH = 'loop finished'
const word = (value: Value | undefined): string => (value !== undefined && isSym(value) ? value.name : '')
const fail = (message: string): LispError => new LispError('bad-syntax', `\`loop\`: ${message}`)

function peek(clauses: Clauses): string {
  return word(clauses.items[clauses.next])
}

function form(clauses: Clauses, after: string): Value {
  const value = clauses.items[clauses.next++]
  if (value === undefined) throw fail(`expected a form after \`${after.toLowerCase()}\``)
  return value
}

function accept(clauses: Clauses, ...words: string[]): string | undefined {
  const found = words.find((w) => w === peek(clauses))
  if (found !== undefined) clauses.next++
  return found
}

const finish = (cx: LoopRun): never => {
  throw new NonLocalExit(cx.finish, FINISH)
}

function assign(cx: LoopRun, target: Value, value: Value): void {
  if (isSym(target)) {
    if (target !== NIL) cx.env.variables.set(target, value)
  } else bindParameters(cx.interp, { lambda: optionalPattern(target), name: 'loop' }, value, cx.env)
}

/** Loop destructuring is lenient: missing parts are nil, surplus ones ignored. */
function optionalPattern(pattern: Value): ReturnType<typeof parseLambdaList> {
  const lambda = parseLambdaList(pattern)
  return {
    ...lambda,
    required: [],
    optional: [...lambda.required.map((target) => ({ target, initial: NIL, supplied: undefined })), ...lambda.optional],
    rest: lambda.rest ?? uninterned('IGNORED'),
  }
}

function parsePlan(items: readonly Value[]): Plan {
  const clauses: Clauses = { items, next: 0 }
  const plan: Plan = { name: undefined, drivers: [], initially: [], body: [], finally: [] }
  if (accept(clauses, 'NAMED')) {
    const name = form(clauses, 'named')
    if (isSym(name)) plan.name = name
  }
  while (clauses.next < items.length) parseClause(clauses, plan)
  return plan
}

function parseClause(clauses: Clauses, plan: Plan): void {
  const at = clauses.items[clauses.next]
  switch (word(at)) {
    case 'FOR':
    case 'AS':
      clauses.next++
      do plan.drivers.push(parseFor(clauses))
      while (accept(clauses, 'AND'))
      return
    case 'WITH':
      clauses.next++
      do plan.drivers.push(parseWith(clauses))
      while (accept(clauses, 'AND'))
      return
    case 'REPEAT':
      clauses.next++
      plan.drivers.push(repeatDriver(form(clauses, 'repeat')))
      return
    case 'INITIALLY':
    case 'FINALLY': {
      const kind = word(clauses.items[clauses.next++])
      const target = kind === 'INITIALLY' ? plan.initially : plan.finally
      if (kind === 'FINALLY' && accept(clauses, 'RETURN')) target.push(list(sym('RETURN'), form(clauses, 'return')))
      while (clauses.next < clauses.items.length && isCons(clauses.items[clauses.next]!))
        target.push(clauses.items[clauses.next++]!)
      return
    }
    default:
      plan.body.push(parseAction(clauses))
  }
}

function parseWith(clauses: Clauses): Driver {
  const target = form(clauses, 'with')
  const init = accept(clauses, '=') ? form(clauses, '=') : NIL
  return { start: (cx) => assign(cx, target, evaluate(cx.interp, init, cx.env)), step: () => {} }
}

function repeatDriver(count: Value): Driver {
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

function parseFor(clauses: Clauses): Driver {
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

function parseAction(clauses: Clauses): Step {
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

const EARLY = new WeakMap<object, Value>()

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

function evaluateLoop(interp: Interp, operands: Value, env: Env | undefined): Value {
  const items = operandItems(operands)
  if (!items.some((item) => isSym(item))) return simpleLoop(interp, items, env)
  const plan = parsePlan(items)
  return loopBlock(env, (outer) => {
    const frame = childEnv(outer)
    const cx: LoopRun = { interp, env: frame, result: undefined, named: new Map(), tails: new Map(), finish: {} }
    presetAccumulations(plan, cx)
    const body = (): Value => runPlan(plan, cx)
    return plan.name ? withBlock(outer, plan.name, body) : body()
  })
}

/** `into` variables exist from the start; sums and counts begin with 0. */
function presetAccumulations(plan: Plan, cx: LoopRun): void {
  for (const step of plan.body) {
    const { into, initial } = step as Partial<{ into: Sym; initial: Value }>
    if (into && initial !== undefined && !cx.env.variables.has(into)) cx.env.variables.set(into, initial)
    if (!into && initial !== undefined && cx.result === undefined && initial !== NIL) cx.result = initial
  }
}

function runPlan(plan: Plan, cx: LoopRun): Value {
  try {
    for (const driver of plan.drivers) driver.start(cx)
    for (const f of plan.initially) evaluate(cx.interp, f, cx.env)
    for (;;) {
      tick(cx.interp)
      for (const step of plan.body) step(cx)
      for (const driver of plan.drivers) driver.step(cx)
    }
  } catch (error) {
    if (!(error instanceof NonLocalExit)) throw error
    if (error.target === cx) return EARLY.get(cx) ?? NIL
    if (error.target !== cx.finish) throw error
  }
  for (const f of plan.finally) evaluate(cx.interp, f, cx.env)
  return cx.result ?? NIL
}

function simpleLoop(interp: Interp, forms: readonly Value[], env: Env | undefined): Value {
  return loopBlock(env, (frame) => {
    for (;;) {
      tick(interp)
      for (const f of forms) evaluate(interp, f, frame)
    }
  })
}

export const LOOP_OPERATORS: Readonly<Record<string, Operator>> = {
  LOOP: operator('clauses...', 'Iteration by clauses.', evaluateLoop),
}
