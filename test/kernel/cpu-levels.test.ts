/**
 * Objects for every instruction set level hold nothing newer than their level, and the kernel takes them: the eight
 * programs and random ones, which use what the eight do not (fetching results, signed casts, 32-bit comparisons).
 */
import { describe, expect, it } from 'vitest'
import { opcodeRow } from '../../packages/core/src/bpf/match.ts'
import { compileLisp } from '../../packages/core/src/compile.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import type { BpfObject } from '../../packages/core/src/object/object.ts'
import type { CompileOptions } from '../../packages/core/src/options.ts'
import { loadKernelObject } from '../../packages/loader/src/index.ts'
import { PROGRAMS } from '../bench/slots.ts'
import { randomProgram } from '../fuzz/programs.ts'
import { printSexps } from '../fuzz/sexp.ts'
import { canUseKernel, skipNote } from '../support/kernel-oracle.ts'
import { compileProgram } from '../support/programs.ts'

const kernel = canUseKernel()
const FIRST_SEED = 700
const COUNT = 20

function objectsFor(cpu: CompileOptions['cpu']): BpfObject[] {
  const random = Array.from({ length: COUNT }, (_, i) => randomProgram(FIRST_SEED + i))
  // Levels are in the order of their names.
  const fitting = random.filter(({ leastCpu }) => leastCpu <= cpu)
  return [
    ...PROGRAMS.map((name) => compileProgram(name, { cpu }).object),
    ...fitting.map(({ forms }) => compileLisp(sourceFile('random.bpf.lisp', printSexps(forms)), {}, { cpu }).object),
  ]
}

/** Levels that the instructions of an object belong to. */
function levelsIn(objects: readonly BpfObject[]): Set<string> {
  const insns = objects.flatMap((object) => object.programs.flatMap((program) => program.insns))
  return new Set(insns.map((insn) => opcodeRow(insn)?.cpu ?? `illegal opcode ${insn.opcode}`))
}

describe.each(['v1', 'v2', 'v3', 'v4'] as const)('cpu %s', (cpu) => {
  it('has its own instructions and no newer ones', () => {
    // All levels up to this one, each really used.
    expect([...levelsIn(objectsFor(cpu))].sort()).toEqual(['v1', 'v2', 'v3', 'v4'].filter((level) => level <= cpu))
  })

  it.skipIf(!kernel.ok)(`loads${skipNote(kernel)}`, () => {
    for (const object of objectsFor(cpu)) loadKernelObject(object).close()
  })
})
