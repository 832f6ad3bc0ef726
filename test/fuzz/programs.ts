/**
 * Random programs of the whole language as `.bpf.lisp` text: packets behind checks, every simple kind of map, loops,
 * structs, ring records, casts, macros, early exits, tail calls. Equal seeds give equal texts. A program ends for every
 * input and shows nothing that may differ between two runs (times, random numbers, stale memory).
 */
import { randomFrom } from '../support/random.ts'
import { declarations } from './declarations.ts'
import { bind, type ProgramShape, type Scope } from './scope.ts'
import type { Sexp } from './sexp.ts'
import { body } from './statements.ts'
import { constant, value } from './values.ts'

export interface FuzzProgram {
  readonly seed: number
  readonly type: 'xdp' | 'tc'
  /** Uses operations that only cpu v4 has. */
  readonly needsV4: boolean
  readonly forms: readonly Sexp[]
}

export function randomProgram(seed: number): FuzzProgram {
  const random = randomFrom(seed)
  const decls = declarations(random)
  const counters = new Map<string, number>()
  const type = random.oneIn(4) ? 'tc' : 'xdp'
  const shape: ProgramShape = {
    declarations: decls,
    type,
    signedDivision: random.oneIn(8),
    fresh: (prefix) => {
      const next = (counters.get(prefix) ?? 0) + 1
      counters.set(prefix, next)
      return `${prefix}${next}`
    },
    budget: 4 + random.below(36),
    stack: 160,
  }
  const start: Scope = {
    random,
    program: shape,
    variables: [],
    places: [],
    regions: [],
    busy: [],
    blocks: [],
    depth: 7,
    rounds: 1,
    holding: false,
  }
  const main = ['defprog', 'main', [':type', `:${type}`], ...mainBody(start)]
  const next: Sexp = ['defprog', 'next', [':type', `:${type}`], ['bump', '0'], constant(random)]
  return { seed, type, needsV4: shape.signedDivision, forms: withoutUnused([...decls.forms, next, main]) }
}

/** Maps that nothing mentions only cost time in the kernel. */
function withoutUnused(forms: readonly Sexp[]): Sexp[] {
  const used = new Set<string>()
  const collect = (sexp: Sexp): void => {
    if (typeof sexp !== 'string') for (const item of sexp) collect(item)
    // Macro bodies and some accessors are text.
    else for (const name of sexp.match(/[a-z-]+/g) ?? []) used.add(name)
  }
  const isMap = (form: Sexp) => form[0] === 'defmap'
  for (const form of forms) if (!isMap(form)) collect(form)
  return forms.filter((form) => !isMap(form) || used.has(form[1] as string))
}

function mainBody(scope: Scope): Sexp[] {
  const names = ['x', 'y']
  const inner = names.reduce((s, name) => bind(s, name), scope)
  const field = scope.program.type === 'xdp' ? '(- (ctx data-end) (ctx data))' : '(ctx len)'
  const bindings = [
    ['x', constant(scope.random)],
    ['y', scope.random.oneIn(2) ? field : constant(scope.random)],
  ]
  return [['let', bindings, ...body(inner, 6), value(inner)]]
}
