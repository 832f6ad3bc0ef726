/** Slot counts of the eight programs: ours, clang's least, and clang figures to fall back on where no clang is installed. */
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

/** Least of clang 14, 16 and 19 at -O2 -mcpu=v3 on test/bench/c, measured 2026-11 on Debian 12. */
const CLANG_REFERENCE: Record<(typeof PROGRAMS)[number], number> = {
  'count-xdp': 12,
  'drop-port': 27,
  synflood: 68,
  'tc-classifier': 71,
  'nodeport-lb4': 80,
  runqlat: 102,
  xdp1: 53,
  'policy-l4': 79,
}

export interface SlotRow {
  readonly name: (typeof PROGRAMS)[number]
  readonly ours: number
  readonly clang: number
  /** Whether clang ran here, or the reference figure was taken. */
  readonly source: 'measured' | 'reference'
}

export function measureSlots(): SlotRow[] {
  const versions = clangVersions()
  return PROGRAMS.map((name) => {
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
