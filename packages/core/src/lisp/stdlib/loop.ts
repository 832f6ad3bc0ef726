/**
 * `loop`, the common clauses: for/as with in, on, across, from/upfrom/downfrom, to/upto/downto/below/above, by, `=`/then,
 * being the hash-keys/hash-values of; repeat, with, while, until, do, collect, append, sum, count, maximize, minimize
 * (with `into`), when/if/unless ... else ... end, always, never, thereis, initially, finally, return, named. The clauses
 * are compiled to steps once, then run.
 */
import { isCons, isSym, list, NIL, type Sym, sym, type Value } from '../datum.ts'
import { evaluate, operandItems, withBlock } from '../eval.ts'
import { childEnv, type Env, type Interp, NonLocalExit, type Operator, tick } from '../interp.ts'
import { loopBlock } from './iteration.ts'
import { EARLY, parseAction } from './loop-actions.ts'
import { accept, type Clauses, form, type LoopRun, type Plan, word } from './loop-clauses.ts'
import { parseFor, parseWith, repeatDriver } from './loop-drivers.ts'
import { operator } from './operands.ts'

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
