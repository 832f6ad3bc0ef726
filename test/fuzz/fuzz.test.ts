/**
 * Random programs of the whole language: passes off and on, single passes left out, other CPU levels; every program in
 * the VM, every fourth in the kernel too. `npm run fuzz` does the same for as many as there is time for.
 */
import { describe, expect, it } from 'vitest'
import { canUseKernel, skipNote } from '../support/kernel-oracle.ts'
import { check, type Machine, packetsFor, variantsOf } from './check.ts'
import { subjectOf } from './failing.ts'
import { randomProgram } from './programs.ts'
import { shrink } from './shrink.ts'

const COUNT = 300
const BATCH = 50
/** Elsewhere than where long runs usually start. */
const FIRST = 1_000_000
const kernel = canUseKernel()

function outcomeOf(seed: number, machines: readonly Machine[]) {
  const program = randomProgram(seed)
  const subject = subjectOf(program, program.forms)
  return check(subject, packetsFor(subject, 6), variantsOf(subject, machines))
}

function expectAgreement(first: number, step: number, machines: readonly Machine[]): void {
  let refused = 0
  for (let seed = first; seed < first + BATCH; seed += step) {
    const outcome = outcomeOf(seed, machines)
    if (outcome.kind === 'refused') refused++
    else expect(outcome, `npm run fuzz -- --count 1 --seed ${seed}`).toMatchObject({ kind: 'agrees' })
  }
  expect(refused).toBeLessThan(BATCH / step / 5)
}

describe('random programs of the whole language', () => {
  const batches = Array.from({ length: COUNT / BATCH }, (_, i) => FIRST + i * BATCH)
  it.each(batches)('agree in the VM: seeds from %i', (first) => expectAgreement(first, 1, ['vm']))
  it.skipIf(!kernel.ok).each(batches)(`agree in the kernel: seeds from %i${skipNote(kernel)}`, (first) =>
    expectAgreement(first, 4, ['kernel']),
  )

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
