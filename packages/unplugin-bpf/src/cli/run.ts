/**
 * `unplugin-bpf run PROGRAM --pcap FILE`: runs a program on packets, in the VM or by PROG_TEST_RUN, and shows verdicts,
 * events and what the maps hold afterwards.
 */
import { basename } from 'node:path'
import { moduleExports, moduleMeta, tsModuleExports } from '@unplugin-bpf/core'
import type { CapturedPacket } from '@unplugin-bpf/core/packets'
import { writePcap } from '@unplugin-bpf/core/packets'
import { VmError, VmFault } from '@unplugin-bpf/core/vm'
import { KernelUnavailableError, SyscallError, VerifierError } from '@unplugin-bpf/loader'
import { compileSource } from '../compile-source.ts'
import { type Loadable, objectModule } from '../testing/object-module.ts'
import { simulateLoadable } from '../testing/simulate.ts'
import type { LooseShape, SimulatedRun, Simulation } from '../testing/types.ts'
import { readObject } from './disasm.ts'
import { Refused, refuseOnRejection } from './refused.ts'
import { readPackets } from './run-input.ts'
import { type Report, reportJson, reportText } from './run-report.ts'
import { writeWhole } from './write-whole.ts'

export interface RunFlags {
  readonly pcap?: readonly string[]
  readonly packet?: readonly string[]
  readonly program?: string
  readonly backend: 'vm' | 'kernel'
  readonly trace?: true
  readonly json?: true
  readonly write?: string
}

export async function runCommand(input: string, flags: RunFlags): Promise<void> {
  const packets = readPackets(flags.packet ?? [], flags.pcap ?? [])
  const program = await refuseOnRejection(loadable(input))
  const simulation = refuseFailures(() => simulateLoadable(program, { backend: flags.backend }))
  try {
    const key = chooseProgram(program.name, simulation, flags.program)
    const report = runAll(simulation, key, packets)
    if (flags.write !== undefined) writeWhole([{ path: flags.write, content: writePcap(survivors(report)) }])
    console.log(flags.json ? reportJson(report) : reportText(report, flags.trace ? 'traced' : 'plain'))
  } finally {
    simulation.close()
  }
}

async function loadable(input: string): Promise<Loadable<LooseShape>> {
  const name = basename(input)
  if (!/\.(lisp|ts)$/.test(input)) return objectModule(await readObject(input), name)
  // The lines of the trace are to be those that ran.
  const { language, compiled } = await compileSource(input, { exactLines: true })
  const exported =
    language === 'ts' ? tsModuleExports(compiled.module, compiled.evaluated) : moduleExports(compiled.module)
  return objectModule(compiled.object, name, moduleMeta(name, exported))
}

/** By key or ELF name; the only one when none is named. */
function chooseProgram(file: string, { programs }: Simulation, wanted: string | undefined): string {
  const all = Object.entries(programs)
  const names = all.map(([key]) => key).join(', ')
  if (wanted !== undefined) {
    const found = all.find(
      ([key, { name }]) => key === wanted || name === wanted || name === wanted.replaceAll('-', '_'),
    )
    if (found) return found[0]
    throw new Refused(`error: ${file} has no program ${wanted}; it has ${names}`)
  }
  if (all.length === 1) return all[0]![0]
  if (all.length === 0) throw new Refused(`error: ${file} has no program`)
  throw new Refused(`error: ${file} has ${all.length} programs: choose one with --program (${names})`)
}

/** Without packets, programs that see none run once, on a context of zeros. */
function runAll(simulation: Simulation, key: string, packets: readonly CapturedPacket[]): Report {
  const program = simulation.programs[key]!
  if (packets.length === 0 && program.takesPacket) {
    throw new Refused(`error: ${program.name} needs packets: --pcap FILE or --packet HEX`)
  }
  if (packets.length > 0 && !program.takesPacket) {
    throw new Refused(`error: ${program.name} is a ${program.type} program, which has no packets`)
  }
  const runs = packets.map((packet, i) => ({ packet, run: runOne(`packet ${i + 1}`, () => program.run(packet.bytes)) }))
  const once = program.takesPacket ? [] : [{ packet: undefined, run: runOne('run', () => program.run()) }]
  return { program, backend: simulation.backend, runs: [...runs, ...once], maps: simulation.snapshot() }
}

function runOne(what: string, run: () => SimulatedRun): SimulatedRun {
  return refuseFailures(run, `${what}: `)
}

/** What went wrong with the user's program or machine, not in here. */
function refuseFailures<T>(action: () => T, prefix = ''): T {
  try {
    return action()
  } catch (error) {
    const known = [VmFault, VmError, VerifierError, SyscallError, KernelUnavailableError, TypeError]
    if (known.some((kind) => error instanceof kind)) throw new Refused(`error: ${prefix}${(error as Error).message}`)
    throw error
  }
}

const DROPPED: readonly unknown[] = ['XDP_DROP', 'XDP_ABORTED', 'TC_ACT_SHOT', 0]

/** The packets that went on, as the program left them. */
function survivors({ runs }: Report): CapturedPacket[] {
  return runs
    .filter(({ packet, run }) => packet !== undefined && !DROPPED.includes(run.retval))
    .map(({ packet, run }) => ({ bytes: run.packet, time: packet!.time }))
}
