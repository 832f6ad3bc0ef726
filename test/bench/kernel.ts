/**
 * What the kernel makes of a program: instructions verified, bytes of machine code, and nanoseconds of PROG_TEST_RUN,
 * ours and clang's in turns over the same packets, the least of several batches each.
 */
import { fromElf } from '../../packages/core/src/object/from-elf.ts'
import type { BpfObject } from '../../packages/core/src/object/object.ts'
import { type KernelObject, loadKernelObject } from '../../packages/loader/src/index.ts'
import { KINDRED_SCENARIOS } from '../kernel/kindred-scenarios.ts'
import { SCENARIOS } from '../kernel/scenarios.ts'
import { clangVersions, compileBaseline, compileProgram } from '../support/programs.ts'

export interface KernelFigures {
  readonly verified: number
  readonly jited: number
  /** Mean of the packets; undefined where programs of the type cannot be run on given data. */
  readonly ns: number | undefined
}

const BATCHES = 7
const REPEAT = 4000
const PACKETS = 16

/** clang: of the newest version that is installed. */
export function kernelFigures(name: string): { ours: KernelFigures; clang: KernelFigures | undefined } {
  const version = clangVersions().at(-1)
  const objects = [compileProgram(name).object]
  if (version) objects.push(fromElf(compileBaseline(name, version), name))
  const loaded: KernelObject[] = []
  try {
    for (const object of objects) loaded.push(prepared(object, name))
    const times = runTimes(name, loaded)
    const [ours, clang] = loaded.map((object, i) => ({ ...sizes(object), ns: times?.[i] }))
    return { ours: ours!, clang }
  } finally {
    for (const object of loaded) object.close()
  }
}

/** Undefined for programs that can only be loaded. */
function scenarioOf(name: string) {
  return [...SCENARIOS, ...KINDRED_SCENARIOS].find((scenario) => scenario.name === name)
}

function prepared(object: BpfObject, name: string): KernelObject {
  const loaded = loadKernelObject(object)
  for (const [map, entries] of Object.entries(scenarioOf(name)?.entries ?? {})) {
    for (const [key, value] of entries) loaded.maps.get(map)?.update(key, value, 0)
  }
  return loaded
}

function sizes(object: KernelObject): { verified: number; jited: number } {
  const infos = [...object.programs.values()].map((program) => program.info())
  const sum = (pick: (info: (typeof infos)[number]) => number) => infos.reduce((total, info) => total + pick(info), 0)
  return { verified: sum((info) => info.verifiedInsns), jited: sum((info) => info.jitedBytes) }
}

function runTimes(name: string, objects: readonly KernelObject[]): number[] | undefined {
  const { packets, program } = scenarioOf(name) ?? { packets: [], program: '' }
  if (packets.length === 0) return undefined
  const chosen = Array.from({ length: PACKETS }, (_, i) => packets[Math.floor((i * packets.length) / PACKETS)]!)
  const best = objects.map(() => chosen.map(() => Number.POSITIVE_INFINITY))
  for (let batch = 0; batch < BATCHES; batch++) {
    for (const [j, data] of chosen.entries()) {
      for (const [i, object] of objects.entries()) {
        const { durationNs } = object.programs.get(program)!.run({ data, repeat: REPEAT })
        best[i]![j] = Math.min(best[i]![j]!, durationNs)
      }
    }
  }
  return best.map((times) => times.reduce((sum, ns) => sum + ns, 0) / PACKETS)
}
