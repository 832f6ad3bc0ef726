/** Property: the machine code of a random function does what the function does, at every level. */
import { describe, expect, it } from 'vitest'
import { lowerFunc } from '../../../packages/core/src/backend/lower.ts'
import { optimize } from '../../../packages/core/src/opt/pipeline.ts'
import { DEFAULT_OPTIONS } from '../../../packages/core/src/options.ts'
import type { Inst } from '../../../packages/core/src/ssa/inst.ts'
import { printFunc } from '../../../packages/core/src/ssa/print.ts'
import { runCode } from '../../support/bpf-interp.ts'
import { randomFrom } from '../../support/random.ts'
import { randomFunc } from '../../support/random-func.ts'
import { runSsa } from '../../support/ssa-interp.ts'
import { mapsOf } from './support.ts'

function inputs(seed: number) {
  const random = randomFrom(seed)
  const bytes = (n: number) => Uint8Array.from({ length: n }, () => random.below(256))
  return [0, 20, 64].map((size) => ({ ctx: bytes(256), packet: bytes(size) }))
}

interface Trial {
  readonly size?: number
  readonly cpu: 'v1' | 'v2' | 'v3' | 'v4'
  readonly optimized?: true
}

/** False when the function needs instructions that the level lacks. */
function check(seed: number, { size, cpu, optimized }: Trial): boolean {
  const fn = randomFunc(seed, size === undefined ? {} : { size })
  if (cpu < 'v3' && fn.blocks.some((block) => block.insts.some(needsV3))) return false
  const options = { ...DEFAULT_OPTIONS, cpu, verify: false }
  const maps = mapsOf(fn)
  const wanted = inputs(seed).map((input) => runSsa(fn, input))
  if (optimized) optimize(fn, options)
  const code = lowerFunc(fn, options)
  inputs(seed).forEach((input, i) => {
    try {
      expect(runCode(code, input, maps)).toEqual(wanted[i])
    } catch (error) {
      throw new Error(`seed ${seed} cpu ${cpu}: ${(error as Error).message}\n${printFunc(fn)}`, { cause: error })
    }
  })
  return true
}

function needsV3(inst: Inst): boolean {
  return inst.op === 'atomic' && (inst.attr.op !== 'add' || inst.attr.fetch)
}

function checkMany(from: number, count: number, trial: Trial): void {
  for (let seed = from, done = 0; done < count; seed++) if (check(seed, trial)) done++
}

describe('random functions', () => {
  it.each(['v1', 'v2', 'v3', 'v4'] as const)('%s: code equals function, 60 of them', (cpu) => {
    checkMany(1, 60, { cpu })
  })
  it.each(['v2', 'v3', 'v4'] as const)('%s: code equals optimized function, 60 of them', (cpu) => {
    checkMany(1000, 60, { cpu, optimized: true })
  })
  it('large functions with many live values', () => {
    checkMany(5000, 10, { cpu: 'v3', size: 200 })
  })
})
