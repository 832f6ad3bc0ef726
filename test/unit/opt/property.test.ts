/** Each pass and the whole pipeline keep what random functions do. The seed in a failing test's name repeats it. */
import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../../packages/core/src/diag/diagnostic.ts'
import { runSteps } from '../../../packages/core/src/opt/pass.ts'
import { optimize, PIPELINE } from '../../../packages/core/src/opt/pipeline.ts'
import { DEFAULT_OPTIONS } from '../../../packages/core/src/options.ts'
import type { Func } from '../../../packages/core/src/ssa/func.ts'
import { printFunc } from '../../../packages/core/src/ssa/print.ts'
import { randomFrom } from '../../support/random.ts'
import { randomFunc } from '../../support/random-func.ts'
import { runSsa } from '../../support/ssa-interp.ts'

const PASSES = [...new Set(PIPELINE.flatMap((step) => step.passes))]
const OPTIONS = DEFAULT_OPTIONS
const FUNCTIONS = 300
const BATCH = 50

function inputs(seed: number) {
  const random = randomFrom(seed)
  const bytes = (size: number) => Uint8Array.from({ length: size }, () => (random.oneIn(3) ? 0 : random.below(256)))
  return [0, 1, 2, 3].map(() => ({ ctx: bytes(64), packet: bytes(random.pick([0, 20, 48])) }))
}

function expectSame(seed: number, transform: (fn: Func) => void): void {
  const fn = randomFunc(seed)
  const before = printFunc(fn)
  const cases = inputs(seed)
  const expected = cases.map((input) => runSsa(fn, input))
  try {
    transform(fn)
  } catch (error) {
    if (error instanceof InvariantError) error.message += `\nseed ${seed}`
    throw error
  }
  const found = cases.map((input) => runSsa(fn, input))
  expect(found, `seed ${seed}\n${before}\n=>\n${printFunc(fn)}`).toEqual(expected)
}

const batches = Array.from({ length: FUNCTIONS / BATCH }, (_, i) => 1 + i * BATCH)

describe.each(PASSES)('pass $name', (pass) => {
  it.each(batches)('seeds from %i', (first) => {
    for (let seed = first; seed < first + BATCH; seed++) {
      expectSame(seed, (fn) => runSteps(fn, [{ name: pass.name, passes: [pass], rounds: 1 }], OPTIONS))
    }
  })
})

describe('pipeline', () => {
  it.each(batches)('seeds from %i', (first) => {
    for (let seed = first; seed < first + BATCH; seed++) expectSame(seed, (fn) => optimize(fn, OPTIONS))
  })

  it.each(['v1', 'v2', 'v4'] as const)('cpu %s', (cpu) => {
    for (let seed = 1; seed <= BATCH; seed++) expectSame(seed, (fn) => optimize(fn, { ...OPTIONS, cpu }))
  })

  it.each(PASSES.map((pass) => pass.name))('without %s', (name) => {
    for (let seed = 1; seed <= BATCH; seed++) {
      expectSame(seed, (fn) => optimize(fn, { ...OPTIONS, skip: [name] }))
    }
  })

  it('changes nothing when every pass is left out', () => {
    const fn = randomFunc(7)
    const before = printFunc(fn)
    optimize(fn, { ...OPTIONS, skip: PASSES.filter((pass) => !pass.required).map((pass) => pass.name) })
    if (PASSES.every((pass) => !pass.required)) expect(printFunc(fn)).toBe(before)
  })
})
