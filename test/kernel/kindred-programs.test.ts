/**
 * The programs that are of the kinds of the eight: VM with passes off is the reference for VM and kernel with passes
 * on, and for clang's object in the kernel. Those that cannot be run there must at least load.
 */
import { describe, expect, it } from 'vitest'
import { fromElf } from '../../packages/core/src/object/from-elf.ts'
import type { BpfObject } from '../../packages/core/src/object/object.ts'
import type { ObjectBackend } from '../../packages/core/src/runtime/backend.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../packages/loader/src/index.ts'
import { KINDRED } from '../bench/slots.ts'
import { canUseKernel, skipNote } from '../support/kernel-oracle.ts'
import { clangVersions, compileBaseline, compileProgram } from '../support/programs.ts'
import { type Observation, observe } from './differential.ts'
import { KINDRED_SCENARIOS, type KindredScenario } from './kindred-scenarios.ts'
import { asSyscall } from './observations.ts'

const kernel = canUseKernel()
const [clang] = clangVersions().slice(-1)

function observeWith(backend: ObjectBackend, scenario: KindredScenario): Observation {
  try {
    const seen = observe(backend, scenario)
    return scenario.comparable?.(seen) ?? seen
  } finally {
    backend.close()
  }
}

const inKernel = (object: BpfObject, scenario: KindredScenario): Observation =>
  observeWith(loadKernelObject(scenario.contexts ? asSyscall(object) : object), scenario)

describe.each(KINDRED_SCENARIOS)('$name', (scenario) => {
  const { name } = scenario
  const reference = observeWith(createVm(compileProgram(name, { skip: ['all'] }).object), scenario)

  it('VM: passes on and off agree, on something that can be seen', () => {
    expect(Object.values(reference.maps).flat().length).toBeGreaterThan(0)
    expect(observeWith(createVm(compileProgram(name).object), scenario)).toEqual(reference)
  })

  it.skipIf(!kernel.ok)(`kernel agrees with the VM${skipNote(kernel)}`, () => {
    expect(inKernel(compileProgram(name).object, scenario)).toEqual(reference)
    expect(inKernel(compileProgram(name, { skip: ['all'] }).object, scenario)).toEqual(reference)
  })

  const canCompare = kernel.ok && clang
  it.skipIf(!canCompare)(`clang's object agrees${clang ? skipNote(kernel) : ' (skipped: no clang)'}`, () => {
    const baseline = fromElf(compileBaseline(name, clang!), `${name}.bpf.o`)
    expect(inKernel(baseline, scenario)).toEqual(reference)
  })
})

const unobserved = KINDRED.filter((name) => !KINDRED_SCENARIOS.some((scenario) => scenario.name === name))

it.skipIf(!kernel.ok).each(unobserved)(`%s loads${skipNote(kernel)}`, (name) => {
  loadKernelObject(compileProgram(name).object).close()
  loadKernelObject(compileProgram(name, { skip: ['all'] }).object).close()
})
