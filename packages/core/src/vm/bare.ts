/**
 * Runs instructions without an object: no maps, no program type; r1 points to `memory` and r2 is its length. For
 * conformance tests, constant evaluation and experiments.
 */
import type { Insn } from '../bpf/insn.ts'
import type { ProgramSpec } from '../object/object.ts'
import { getBig } from './alu.ts'
import { ConstantPool, decodeProgram } from './code.ts'
import { createExecutor, createMemory, engineOf } from './engine.ts'
import { HELPERS_BY_ID } from './helpers/index.ts'
import { Machine } from './machine.ts'
import { settingsOf, type VmOptions } from './options.ts'

export interface BareResult {
  /** All 64 bits. */
  readonly r0: bigint
  readonly memory: Uint8Array
}

export function runInsns(
  insns: readonly Insn[],
  memory: Uint8Array = new Uint8Array(0),
  options: VmOptions = {},
): BareResult {
  const program: ProgramSpec = {
    name: 'insns',
    section: '',
    type: '',
    attachType: undefined,
    attachTarget: undefined,
    insns,
    relocations: [],
    lines: [],
  }
  const constants = new ConstantPool()
  const code = decodeProgram(program, constants, () => undefined)
  const regions = createMemory(engineOf(options))
  const machine = new Machine({
    settings: settingsOf(options),
    helpers: HELPERS_BY_ID,
    memory: regions,
    constants,
    seed: options.seed ?? 1,
  })
  const region = regions.add({ kind: 'data', name: 'the memory', bytes: Uint8Array.from(memory), access: 'readWrite' })
  machine.start(code, { ctx: region, packet: undefined, records: new Map(), tailCalls: 0, setLength: undefined })
  machine.lo[2] = memory.length
  machine.hi[2] = 0
  createExecutor(options, { machine, constants, maps: [], inlineHelpers: true })(machine)
  return { r0: getBig(machine, 0), memory: region.bytes }
}
