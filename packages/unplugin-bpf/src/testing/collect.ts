/**
 * Coverage of the whole test process: simulations of the same program count into one array. Test runners that ask for
 * it (`coverage-v8.ts`, `coverage-istanbul.ts`) or the test itself read the sum at the end.
 */
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import { type Coverage, coverageOf } from './coverage.ts'
import { linesByInsn } from './lines.ts'

interface Total {
  readonly spec: ProgramSpec
  readonly counts: Uint32Array
}

/** Through a global symbol, as a runner may have this module twice. */
const KEY = Symbol.for('unplugin-bpf.coverage')
type Holder = { [KEY]?: Map<string, Total> }

function store(): Map<string, Total> {
  const holder = globalThis as Holder
  holder[KEY] ??= new Map()
  return holder[KEY]
}

/** The counts that all simulations of a program share. */
export function totalsOf(spec: ProgramSpec): Uint32Array {
  const lines = spec.lines.map(({ slot, file, line }) => `${slot} ${file}:${line}`).join('\n')
  const key = `${spec.name} ${spec.insns.length}\n${lines}`
  const known = store().get(key)
  if (known) return known.counts
  const counts = new Uint32Array(spec.insns.length)
  store().set(key, { spec, counts })
  return counts
}

/** Of all simulations in this process so far. */
export function totalCoverage(): Coverage {
  return coverageOf([...store().values()].map((total) => ({ ...total, lineOf: linesByInsn(total.spec) })))
}

/** As `totalCoverage`, and forgets it: a worker that reports after every test file must not report a run twice. */
export function takeCoverage(): Coverage {
  const coverage = totalCoverage()
  for (const { counts } of store().values()) counts.fill(0)
  return coverage
}
