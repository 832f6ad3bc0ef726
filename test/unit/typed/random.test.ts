/**
 * Random programs: every one compiles, and does the same with all passes, with none, with direct elements and for every
 * CPU level. The seed is in the message of a failure.
 */
import { describe, expect, it } from 'vitest'
import { compileModule } from '../../../packages/core/src/compile.ts'
import { InvariantError } from '../../../packages/core/src/diag/diagnostic.ts'
import { printForm } from '../../../packages/core/src/forms/print.ts'
import type { BpfObject } from '../../../packages/core/src/object/object.ts'
import type { CompileOptions } from '../../../packages/core/src/options.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import * as f from '../../support/form-builders.ts'
import { bpftoolLoad, canUseKernel, skipNote } from '../../support/kernel-oracle.ts'
import { randomFrom } from '../../support/random.ts'
import { RANDOM_MAPS, randomBody } from '../../support/random-forms.ts'

const COUNT = 150
const BATCH = 25
const kernel = canUseKernel()
const VARIANTS: readonly Partial<CompileOptions>[] = [
  {},
  { directElements: true },
  { cpu: 'v1' },
  { cpu: 'v2', skip: ['all'] },
  { cpu: 'v4' },
]

function packets(seed: number): Uint8Array[] {
  const random = randomFrom(seed)
  return [0, 1, 2, 3].map(() => Uint8Array.from({ length: 40 }, () => (random.oneIn(3) ? 0 : random.below(256))))
}

/** Verdicts, packets and maps after some runs in a row. */
function observe(object: BpfObject, seed: number) {
  const vm = createVm(object)
  try {
    const runs = packets(seed).map((data) => vm.programs.get('p')!.run({ data }).retval)
    const maps = RANDOM_MAPS.map(({ name }) => {
      const map = vm.maps.get(name)!
      const entries: string[] = []
      for (let key = map.nextKey(undefined); key; key = map.nextKey(key)) entries.push(`${key} = ${map.lookup(key)}`)
      return entries.sort()
    })
    return { runs, maps }
  } finally {
    vm.close()
  }
}

function compile(seed: number, options: Partial<CompileOptions>): BpfObject {
  const module = f.moduleOf([f.program(randomBody(seed))], RANDOM_MAPS)
  try {
    return compileModule(module, options).object
  } catch (error) {
    if (error instanceof Error)
      error.message += `\nseed ${seed} ${JSON.stringify(options)}\n${printForm(randomBody(seed))}`
    throw error
  }
}

describe('random programs', () => {
  it.each(Array.from({ length: COUNT / BATCH }, (_, i) => 1 + i * BATCH))(
    'agree in every variant: seeds from %i',
    (first) => {
      for (let seed = first; seed < first + BATCH; seed++) {
        const expected = observe(compile(seed, { skip: ['all'] }), seed)
        for (const options of VARIANTS) {
          const message = `seed ${seed} ${JSON.stringify(options)}`
          expect(observe(compile(seed, options), seed), message).toEqual(expected)
        }
      }
    },
  )

  it('never break an invariant', () => {
    for (let seed = 10_000; seed < 10_050; seed++) {
      expect(() => compile(seed, {}), `seed ${seed}`).not.toThrow(InvariantError)
    }
  })

  it.skipIf(!kernel.ok)(`load in the kernel${skipNote(kernel)}`, () => {
    for (let seed = 1; seed <= 24; seed++) {
      const { elf } = compileModule(f.moduleOf([f.program(randomBody(seed))], RANDOM_MAPS))
      const result = bpftoolLoad(elf)
      expect(result.ok, `seed ${seed}\n${result.ok ? '' : result.log.slice(-3000)}`).toBe(true)
    }
  })
})
