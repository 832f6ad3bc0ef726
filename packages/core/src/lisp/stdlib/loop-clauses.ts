/** Vocabulary of `loop`: the clauses that remain to be parsed, and the steps that they become. */
import { isSym, NIL, type Sym, uninterned, type Value } from '../datum.ts'
import { bindParameters } from '../eval.ts'
import { type Env, type Interp, LispError, NonLocalExit } from '../interp.ts'
import { parseLambdaList } from '../lambda-list.ts'

/** Mutable state of one parse: the remaining clauses. */
export interface Clauses {
  readonly items: readonly Value[]
  next: number
}

export type Step = (cx: LoopRun) => void

/** One iteration variable: `start` before the first round, `step` before each later one; both may end the loop. */
export interface Driver {
  readonly start: Step
  readonly step: Step
}

export interface Plan {
  name: Sym | undefined
  readonly drivers: Driver[]
  readonly initially: Value[]
  readonly body: Step[]
  readonly finally: Value[]
}

export interface LoopRun {
  readonly interp: Interp
  readonly env: Env
  /** The unnamed accumulation. */
  result: Value | undefined
  readonly named: Map<Sym, Value>
  readonly tails: Map<object, Value>
  readonly finish: object
}

export const FINISH = 'loop finished'
export const word = (value: Value | undefined): string => (value !== undefined && isSym(value) ? value.name : '')
export const fail = (message: string): LispError => new LispError('bad-syntax', `\`loop\`: ${message}`)

export function peek(clauses: Clauses): string {
  return word(clauses.items[clauses.next])
}

export function form(clauses: Clauses, after: string): Value {
  const value = clauses.items[clauses.next++]
  if (value === undefined) throw fail(`expected a form after \`${after.toLowerCase()}\``)
  return value
}

export function accept(clauses: Clauses, ...words: string[]): string | undefined {
  const found = words.find((w) => w === peek(clauses))
  if (found !== undefined) clauses.next++
  return found
}

export const finish = (cx: LoopRun): never => {
  throw new NonLocalExit(cx.finish, FINISH)
}

export function assign(cx: LoopRun, target: Value, value: Value): void {
  if (isSym(target)) {
    if (target !== NIL) cx.env.variables.set(target, value)
  } else bindParameters(cx.interp, { lambda: optionalPattern(target), name: 'loop' }, value, cx.env)
}

/** Loop destructuring is lenient: missing parts are nil, surplus ones ignored. */
export function optionalPattern(pattern: Value): ReturnType<typeof parseLambdaList> {
  const lambda = parseLambdaList(pattern)
  return {
    ...lambda,
    required: [],
    optional: [...lambda.required.map((target) => ({ target, initial: NIL, supplied: undefined })), ...lambda.optional],
    rest: lambda.rest ?? uninterned('IGNORED'),
  }
}
