/** Property: the machine code of a random function does what the function does, at every level. */
import { describe, expect, it } from 'vitest'
import { lowerFunc } from '../../../packages/core/src/backend/lower.ts'
import { optimize } from '../../../packages/core/src/opt/pipeline.ts'
import { DEFAULT_OPTIONS } from '../../../packages/core/src/options.ts'
import { printFunc } from '../../../packages/core/src/ssa/print.ts'
import { runCode } from '../../support/bpf-interp.ts'
import { randomFrom } from '../../support/random.ts'
import { randomFunc, testMap } from '../../support/random-func.ts'
import { runSsa } from '../../support/ssa-interp.ts'

const MAPS = [testMap('table'), testMap('single', { type: 'array', maxEntries: 1 })]

function inputs(seed: number) {
  const random = randomFrom(seed)
  const bytes = (n: number) => Uint8Array.from({ length: n }, () => random.below(256))
  return [0, 20, 64].map((size) => ({ ctx: bytes(256), packet: bytes(size) }))
}

function check(seed: number, size: number | undefined, cpu: 'v1' | 'v2' | 'v3' | 'v4', optimized: boolean): void {
  const fn = randomFunc(seed, size === undefined ? {} : { size })
  if (cpu < 'v3' && /atomic\.(?!add\.\d+ )|fetch/.test(printFunc(fn))) return
  const options = { ...DEFAULT_OPTIONS, cpu }
  const wanted = inputs(seed).map((input) => runSsa(fn, input))
  if (optimized) optimize(fn, options)
  const text = printFunc(fn)
  const code = lowerFunc(fn, options)
  inputs(seed).forEach((input, i) => {
    let got: unknown
    try {
      got = runCode(code, input, MAPS)
    } catch (error) {
      throw new Error(`seed ${seed} cpu ${cpu}: ${(error as Error).message}\n${text}`, { cause: error })
    }
    const { ret, memory } = wanted[i]!
    expect(got, `seed ${seed} cpu ${cpu}\n${text}`).toEqual({ ret, log: [], memory })
  })
}

describe('random functions', () => {
  it.each(['v1', 'v2', 'v3', 'v4'] as const)('%s: code equals function, 150 small ones', (cpu) => {
    for (let seed = 1; seed <= 150; seed++) check(seed, undefined, cpu, false)
  })
  it.each(['v2', 'v3', 'v4'] as const)('%s: code equals optimized function, 100 small ones', (cpu) => {
    for (let seed = 1000; seed < 1100; seed++) check(seed, undefined, cpu, true)
  })
  it('large functions with many live values', () => {
    for (let seed = 5000; seed < 5020; seed++) check(seed, 200, 'v3', false)
  })
})
