/**
 * Where compile time goes: front end, core forms to SSA, passes, backend, object. Means over some compilations after
 * warm-up, in ms of processor time, because the machine is shared.
 */
import { PIPELINE } from '../../packages/core/src/opt/pipeline.ts'
import { compileProgram } from '../support/programs.ts'

export interface StageTimes {
  readonly lisp: number
  readonly ssa: number
  readonly opt: number
  readonly backend: number
  readonly object: number
}

const WARM_UP = 10
const ROUNDS = 20

export function stageTimes(name: string): StageTimes {
  const passes = timePasses()
  try {
    for (let i = 0; i < WARM_UP; i++) compileProgram(name)
    const sum = { lisp: 0, ssa: 0, opt: 0, backend: 0, object: 0 }
    for (let i = 0; i < ROUNDS; i++) addRound(name, sum, passes)
    return Object.fromEntries(Object.entries(sum).map(([stage, ms]) => [stage, ms / ROUNDS])) as unknown as StageTimes
  } finally {
    passes.restore()
  }
}

type Sum = { -readonly [K in keyof StageTimes]: number }

function addRound(name: string, sum: Sum, passes: { ms: number }): void {
  const at: { stage: string; ms: number }[] = []
  const start = processorMs()
  passes.ms = 0
  compileProgram(name, { trace: ({ stage }) => at.push({ stage, ms: processorMs() }) })
  const end = processorMs()
  const time = (stage: string) => at.find((event) => event.stage === stage)?.ms ?? start
  sum.lisp += time('forms') - start
  sum.ssa += time('ssa') - time('forms')
  sum.opt += passes.ms
  // Behind `isel` the chosen strategy is run once more for the trace; that is not part of a compilation.
  sum.backend += time('isel') - time('ssa') - passes.ms
  sum.object += end - time('asm')
}

export const processorMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Adds up what all passes take, until `restore`. */
function timePasses(): { ms: number; restore(): void } {
  const passes = new Set(PIPELINE.flatMap((step) => step.passes))
  const originals = [...passes].map((pass) => ({ pass: pass as { run: typeof pass.run }, run: pass.run }))
  const restore = () => {
    for (const { pass, run } of originals) pass.run = run
  }
  const total = { ms: 0, restore }
  for (const { pass, run } of originals) {
    pass.run = (fn, cx) => {
      const start = processorMs()
      const changed = run(fn, cx)
      total.ms += processorMs() - start
      return changed
    }
  }
  return total
}
