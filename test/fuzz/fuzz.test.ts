/**
 * Random programs of the whole language: passes off and on, single passes left out, other CPU levels; every program in
 * the VM, every fourth in the kernel too. `npm run fuzz` does the same for as many as there is time for.
 */
import { describe, expect, it } from 'vitest'
import { canUseKernel } from '../support/kernel-oracle.ts'
import { check, type Machine, packetsFor, variantsOf } from './check.ts'
import { subjectOf } from './failing.ts'
import { randomProgram } from './programs.ts'
import { shrink } from './shrink.ts'

const COUNT = 300
const BATCH = 50
/** Elsewhere than where long runs usually start. */
const FIRST = 1_000_000
const kernel = canUseKernel()

/** Most of the time goes into compiling, so the third variant and the kernel have their turns. */
function outcomeOf(seed: number) {
  const program = randomProgram(seed)
  const subject = subjectOf(program, program.forms)
  const machines: Machine[] = kernel.ok && seed % 4 === 0 ? ['vm', 'kernel'] : ['vm']
  const variants = variantsOf(subject, machines)
  return check(subject, packetsFor(subject, 6), seed % 3 === 0 ? variants : variants.filter((_, i) => i % 3 < 2))
}

function expectAgreement(first: number): void {
  let refused = 0
  for (let seed = first; seed < first + BATCH; seed++) {
    const outcome = outcomeOf(seed)
    if (outcome.kind === 'refused') refused++
    else expect(outcome, `npm run fuzz -- --count 1 --seed ${seed}`).toMatchObject({ kind: 'agrees' })
  }
  expect(refused).toBeLessThan(BATCH / 5)
}

describe(`random programs of the whole language${kernel.ok ? '' : `, only in the VM (${kernel.reason})`}`, () => {
  const batches = Array.from({ length: COUNT / BATCH }, (_, i) => FIRST + i * BATCH)
  it.each(batches)('agree: seeds from %i', expectAgreement)

  it('come again from their seeds', () => {
    expect(randomProgram(5)).toEqual(randomProgram(5))
    expect(randomProgram(5)).not.toEqual(randomProgram(6))
  })

  it('a failing one is made smaller while it fails', () => {
    const { forms } = randomProgram(3)
    const hasLoop = (all: unknown): boolean => JSON.stringify(all).includes('dotimes')
    const withLoop = [
      ...forms,
      ['defprog', 'q', [':type', ':xdp'], ['when', ['=', '1', '2'], ['dotimes', ['i', '3'], '0']]],
    ]
    expect(shrink(withLoop, hasLoop)).toEqual([['dotimes']])
  })
})
