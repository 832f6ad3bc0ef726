/**
 * The eight benchmark programs on at least 200 packets each: VM with passes off is the reference; VM with passes on,
 * the kernel with both, and clang's object of the C baseline in the kernel must observe the same. libbpf (bpftool) opens
 * every object and dumps its BTF.
 */
import { describe, expect, it } from 'vitest'
import { fromElf } from '../../packages/core/src/object/from-elf.ts'
import { type BpfObject, slotCount } from '../../packages/core/src/object/object.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../packages/loader/src/index.ts'
import { bpftoolLoad, btfDump, canUseKernel, skipNote } from '../support/kernel-oracle.ts'
import { clangVersions, compileBaseline, compileProgram } from '../support/programs.ts'
import { type Observation, observe } from './differential.ts'
import { asSyscall, normalise } from './observations.ts'
import { type NamedScenario, SCENARIOS } from './scenarios.ts'

const kernel = canUseKernel()
const [clang] = clangVersions().slice(-1)

function observeVm(object: BpfObject, scenario: NamedScenario): Observation {
  const backend = createVm(object)
  try {
    return normalise(observe(backend, scenario), scenario)
  } finally {
    backend.close()
  }
}

function observeKernel(object: BpfObject, scenario: NamedScenario): Observation {
  const backend = loadKernelObject(scenario.contexts ? asSyscall(object) : object)
  try {
    return normalise(observe(backend, scenario), scenario)
  } finally {
    backend.close()
  }
}

describe.each(SCENARIOS)('$name', (scenario) => {
  const { name } = scenario
  const reference = () => observeVm(compileProgram(name, { skip: ['all'] }).object, scenario)

  it('has at least 200 inputs, several outcomes and a visible effect', () => {
    const { runs, maps } = reference()
    expect(runs.length).toBeGreaterThanOrEqual(200)
    if (!['count-xdp', 'runqlat', 'nodeport-lb4', 'xdp1'].includes(name)) {
      expect(new Set(runs.map((run) => run.retval)).size).toBeGreaterThan(1)
    }
    expect(Object.values(maps).flat().length).toBeGreaterThan(0)
  })

  it('VM: passes on and off agree', () => {
    expect(observeVm(compileProgram(name).object, scenario)).toEqual(reference())
  })

  it.skipIf(!kernel.ok)(`kernel agrees with the VM${skipNote(kernel)}`, () => {
    const expected = reference()
    expect(observeKernel(compileProgram(name).object, scenario)).toEqual(expected)
    expect(observeKernel(compileProgram(name, { skip: ['all'] }).object, scenario)).toEqual(expected)
  })

  const canCompare = kernel.ok && clang
  it.skipIf(!canCompare)(`clang's object agrees${clang ? skipNote(kernel) : ' (skipped: no clang)'}`, () => {
    const baseline = fromElf(compileBaseline(name, clang!), `${name}.bpf.o`)
    expect(observeKernel(baseline, scenario)).toEqual(reference())
  })

  it.skipIf(!kernel.ok)(`libbpf opens it${skipNote(kernel)}`, () => {
    const { elf, object } = compileProgram(name)
    const { ok, log } = bpftoolLoad(elf)
    expect(log).toBe(ok ? log : '')
    expect(ok).toBe(true)
    const dump = btfDump(elf)
    for (const map of object.maps) expect(dump).toContain(map.name)
    for (const program of object.programs) expect(slotCount(program)).toBeGreaterThan(0)
  })
})
