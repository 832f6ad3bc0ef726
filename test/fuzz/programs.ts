/**
 * Random programs of the whole language as `.bpf.lisp` text: packets behind checks, every simple kind of map, loops,
 * structs, ring records, globals, functions, atomics, casts, macros, early exits, tail calls. Equal seeds give equal texts. A program ends for every
 * input and shows nothing that may differ between two runs (times, random numbers, stale memory).
 */
import { randomFrom } from '../support/random.ts'
import { declarations, GLOBAL_PLACES } from './declarations.ts'
import { someFunctions } from './functions.ts'
import { KINDS, type ProgramKind, verdictOf } from './kinds.ts'
import { bind, type ProgramShape, type Scope } from './scope.ts'
import type { Sexp } from './sexp.ts'
import { body } from './statements.ts'
import { constant, value } from './values.ts'

export interface FuzzProgram {
  readonly seed: number
  readonly type: ProgramKind['type']
  /** The least level that has its operations. */
  readonly leastCpu: 'v1' | 'v3' | 'v4'
  readonly forms: readonly Sexp[]
}

export function randomProgram(seed: number): FuzzProgram {
  const random = randomFrom(seed)
  const decls = declarations(random)
  const counters = new Map<string, number>()
  const kind = random.pick(KINDS.flatMap((k) => Array<ProgramKind>(k.weight).fill(k)))
  const shape: ProgramShape = {
    declarations: decls,
    kind,
    functions: [],
    fetches: random.oneIn(3),
    signedDivision: random.oneIn(8),
    fresh: (prefix) => {
      const next = (counters.get(prefix) ?? 0) + 1
      counters.set(prefix, next)
      return `${prefix}${next}`
    },
    // Most are small, so that many can be tried; some are long enough for spills.
    budget: 3 + random.below(random.oneIn(5) ? 36 : 12),
    stack: 160,
  }
  const start: Scope = {
    random,
    program: shape,
    variables: [...GLOBAL_PLACES, 'scale'],
    places: random.oneIn(2) ? GLOBAL_PLACES : [],
    regions: [],
    busy: [],
    blocks: [],
    depth: 7,
    rounds: 1,
    holding: false,
  }
  const functions = random.oneIn(3) ? someFunctions(start) : []
  const options = [':type', `:${kind.type}`]
  const main = ['defprog', 'main', options, ...mainBody(start)]
  const next: Sexp = ['defprog', 'next', options, ['bump', '0'], verdictOf(kind, constant(random))]
  const leastCpu = shape.signedDivision ? 'v4' : shape.fetches ? 'v3' : 'v1'
  const forms = withoutUnused([...decls.forms, ...functions, next, main])
  return { seed, type: kind.type, leastCpu, forms }
}

/** Maps and globals that nothing mentions only cost time in the kernel. */
function withoutUnused(forms: readonly Sexp[]): Sexp[] {
  const used = new Set<string>()
  const collect = (sexp: Sexp): void => {
    if (typeof sexp !== 'string') for (const item of sexp) collect(item)
    // Macro bodies and some accessors are text.
    else for (const name of sexp.match(/[a-z-]+/g) ?? []) used.add(name)
  }
  const isMap = (form: Sexp) => ['defmap', 'defglobal', 'defrodata'].includes(form[0] as string)
  for (const form of forms) if (!isMap(form)) collect(form)
  return forms.filter((form) => !isMap(form) || used.has(form[1] as string))
}

function mainBody(scope: Scope): Sexp[] {
  const names = ['x', 'y']
  const inner = names.reduce((s, name) => bind(s, name), scope)
  const field = scope.program.kind.length
  const bindings = [
    ['x', constant(scope.random)],
    ['y', scope.random.oneIn(2) ? field : constant(scope.random)],
  ]
  return [['let', bindings, ...body(inner, 6), verdictOf(scope.program.kind, value(inner))]]
}
