import { describe, expect, it } from 'vitest'
import { canUseKernel } from '../support/kernel-oracle.ts'
import { observeInsns, type Where } from './insns.ts'

const kernel = canUseKernel()
const note = kernel.ok ? '' : `, without the kernel (${kernel.reason})`
const BATCH = 50

/** `npm run fuzz -- --insns --count 20000` does the same for as many as there is time for. */
describe(`random instructions: the same registers, packets, maps and records everywhere${note}`, () => {
  const others: readonly Where[] = kernel.ok ? ['wasm', 'kernel'] : ['wasm']

  it.each([0, 1, 2, 3, 4, 5].map((i) => 3_000_000 + i * BATCH))('seeds from %i', (first) => {
    for (let seed = first; seed < first + BATCH; seed++) {
      const expected = observeInsns(seed, 'interpreter')
      for (const where of others) expect(observeInsns(seed, where), `seed ${seed} on ${where}`).toEqual(expected)
    }
  })
})
