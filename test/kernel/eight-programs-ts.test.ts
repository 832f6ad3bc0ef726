/**
 * The eight benchmark programs in `.bpf.ts`: the slots of the Lisp version within 2 %, and the same behaviour on every
 * scenario, in the VM and in the kernel, with passes on and off.
 */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type BpfObject, slotCount } from '../../packages/core/src/object/object.ts'
import type { CompileOptions } from '../../packages/core/src/options.ts'
import type { ObjectBackend } from '../../packages/core/src/runtime/backend.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../packages/loader/src/index.ts'
import { compileBpfTs } from '../../packages/unplugin-bpf/src/compile-ts.ts'
import { bpftoolLoad, canUseKernel, skipNote } from '../support/kernel-oracle.ts'
import { compileProgram } from '../support/programs.ts'
import { type Observation, observe } from './differential.ts'
import { asSyscall, normalise } from './observations.ts'
import { type NamedScenario, SCENARIOS } from './scenarios.ts'

const kernel = canUseKernel()

async function compile(name: string, options: Partial<CompileOptions> = {}): Promise<BpfObject> {
  const path = join(import.meta.dirname, '..', 'bench', 'programs', `${name}.bpf.ts`)
  return (await compileBpfTs(path, options)).object
}

function observeWith(backend: ObjectBackend, scenario: NamedScenario): Observation {
  try {
    return normalise(observe(backend, scenario), scenario)
  } finally {
    backend.close()
  }
}

const slots = (object: BpfObject): number => object.programs.reduce((sum, program) => sum + slotCount(program), 0)

describe.each(SCENARIOS)('$name', (scenario) => {
  const { name } = scenario
  const reference = (): Observation => observeWith(createVm(compileProgram(name, { skip: ['all'] }).object), scenario)

  it('has the slots of the Lisp version, within 2 %', async () => {
    expect(slots(await compile(name))).toBeLessThanOrEqual(slots(compileProgram(name).object) * 1.02)
  })

  it('VM: behaves as the Lisp version, passes on and off', async () => {
    const expected = reference()
    expect(expected.runs.length).toBeGreaterThanOrEqual(200)
    for (const skip of [[], ['all']]) {
      expect(observeWith(createVm(await compile(name, { skip })), scenario)).toEqual(expected)
    }
  })

  it.skipIf(!kernel.ok)(`kernel: behaves as the Lisp version${skipNote(kernel)}`, async () => {
    const expected = reference()
    for (const skip of [[], ['all']]) {
      const object = await compile(name, { skip })
      expect(observeWith(loadKernelObject(scenario.contexts ? asSyscall(object) : object), scenario)).toEqual(expected)
    }
  })

  it.skipIf(!kernel.ok)(`libbpf loads it${skipNote(kernel)}`, async () => {
    const path = join(import.meta.dirname, '..', 'bench', 'programs', `${name}.bpf.ts`)
    const { ok, log } = bpftoolLoad((await compileBpfTs(path)).elf)
    expect({ ok, log: ok ? '' : log }).toEqual({ ok: true, log: '' })
  })
})
