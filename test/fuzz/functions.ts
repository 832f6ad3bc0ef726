/** BPF functions of a random program: numbers in, a number out; a later one may call an earlier one. */
import { SCALARS } from './declarations.ts'
import { bind, type Scope } from './scope.ts'
import type { Sexp } from './sexp.ts'
import { body } from './statements.ts'
import { value } from './values.ts'

/** Of the 512 bytes that all frames share. */
const STACK = 48

export function someFunctions(scope: Scope): Sexp[] {
  return Array.from({ length: 1 + scope.random.below(2) }, () => oneFunction(scope))
}

function oneFunction(scope: Scope): Sexp {
  const { random, program } = scope
  const name = program.fresh('fn')
  const parameters = Array.from({ length: 1 + random.below(3) }, (_, i) => ({
    name: `${'abc'[i]}${name.slice(2)}`,
    type: random.pick(SCALARS),
  }))
  const kept = { budget: program.budget, stack: program.stack }
  Object.assign(program, { budget: 1 + random.below(8), stack: STACK })
  const outer: Scope = { ...scope, holding: true, inFunction: true, depth: 5, rounds: 3 }
  const inner = parameters.reduce((s, { name }) => bind(s, name), outer)
  const forms = [...(random.oneIn(2) ? body(inner, 2) : []), value(inner)]
  Object.assign(program, kept)
  const shape = { name, parameters: parameters.map(({ type }) => type) }
  program.functions = [...program.functions, shape]
  return ['defsubprog', name, parameters.map(({ name, type }) => [name, type]), random.pick(SCALARS), ...forms]
}
