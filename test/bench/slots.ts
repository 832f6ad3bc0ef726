/** Slot counts of the eight programs and of others of their kinds: ours, clang's least, and clang figures to fall back on where no clang is installed. */
import { fromElf } from '../../packages/core/src/object/from-elf.ts'
import { type BpfObject, slotCount } from '../../packages/core/src/object/object.ts'
import { clangVersions, compileBaseline, compileProgram } from '../support/programs.ts'

export const PROGRAMS = [
  'count-xdp',
  'drop-port',
  'synflood',
  'tc-classifier',
  'nodeport-lb4',
  'runqlat',
  'xdp1',
  'policy-l4',
] as const

/** Written to see what the optimiser makes of programs that it was not tuned to. */
export const KINDRED = [
  'dual-stack',
  'rate-limit',
  'dscp-mark',
  'ring-lb',
  'biolatency',
  'exec-log',
  'cidr-policy',
  'connect-redirect',
  'egress-quota',
  'icmp-echo',
  'conntrack',
  'block-list',
] as const

export type ProgramName = (typeof PROGRAMS)[number] | (typeof KINDRED)[number]

/** Least of clang 14, 16 and 19 at -O2 -mcpu=v3 on test/bench/c, measured 2026-11 on Debian 12. */
const CLANG_REFERENCE: Record<ProgramName, number> = {
  'count-xdp': 12,
  'drop-port': 27,
  synflood: 68,
  'tc-classifier': 71,
  'nodeport-lb4': 80,
  runqlat: 102,
  xdp1: 53,
  'policy-l4': 79,
  'dual-stack': 95,
  'rate-limit': 88,
  'dscp-mark': 43,
  'ring-lb': 114,
  biolatency: 125,
  'exec-log': 61,
  'cidr-policy': 91,
  'connect-redirect': 56,
  'egress-quota': 77,
  'icmp-echo': 82,
  conntrack: 107,
  'block-list': 53,
}

export interface SlotRow {
  readonly name: ProgramName
  readonly ours: number
  readonly clang: number
  /** Whether clang ran here, or the reference figure was taken. */
  readonly source: 'measured' | 'reference'
}

export function measureSlots(names: readonly ProgramName[]): SlotRow[] {
  const versions = clangVersions()
  return names.map((name) => {
    const measured = versions.map((version) => total(fromElf(compileBaseline(name, version), name)))
    return {
      name,
      ours: total(compileProgram(name).object),
      clang: measured.length > 0 ? Math.min(...measured) : CLANG_REFERENCE[name],
      source: measured.length > 0 ? 'measured' : 'reference',
    }
  })
}

export function geometricMean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
}

function total(object: BpfObject): number {
  return object.programs.reduce((sum, program) => sum + slotCount(program), 0)
}
