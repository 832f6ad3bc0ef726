/**
 * Coverage of the whole test process: every simulation adds its programs. Test runners that ask for it (see
 * `vitest-coverage.ts`) or the test itself read the sum at the end.
 */
import { type Coverage, coverageOf } from './coverage.ts'
import type { CountedProgram } from './recorder.ts'

/** Through a global symbol, as a runner may have this module twice. */
const KEY = Symbol.for('unplugin-bpf.coverage')
type Store = { [KEY]?: Set<CountedProgram> }

function store(): Set<CountedProgram> {
  const holder = globalThis as Store
  holder[KEY] ??= new Set()
  return holder[KEY]
}

export function collectCoverage(programs: Iterable<CountedProgram>): void {
  for (const program of programs) store().add(program)
}

/** Of all simulations in this process so far. */
export function totalCoverage(): Coverage {
  return coverageOf(store())
}

/** Forgets what ran so far: a worker that tells its coverage after every test file must not tell it twice. */
export function takeCoverage(): Coverage {
  const coverage = totalCoverage()
  for (const { counts } of store()) counts.fill(0)
  return coverage
}
