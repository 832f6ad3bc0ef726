import { describe, expect, it } from 'vitest'
import { runMalformed, sameOutcome } from './malformed.ts'

const BATCH = 100

/** `npm run fuzz -- --malformed` does the same for as many as there is time for. */
describe('malformed programs are refused or run to an end or a fault, the same in both engines', () => {
  const kinds = { refused: 0, fault: 0, end: 0 }

  it.each([1, 2, 3].map((i) => i * 1_000_000))('seeds from %i', (first) => {
    for (let seed = first; seed < first + BATCH; seed++) {
      const expected = runMalformed(seed, 'interpreter')
      const seen = runMalformed(seed, 'wasm')
      expect(sameOutcome(expected, seen), `seed ${seed}: ${expected.detail}\n${seen.detail}`).toBe(true)
      kinds[expected.kind]++
    }
  })

  it('all three happen', () => {
    expect(Math.min(kinds.refused, kinds.fault, kinds.end)).toBeGreaterThan(5)
  })
})
