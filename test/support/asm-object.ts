/**
 * BpfObjects from assembler text, for tests that need no compiler. `rN = map NAME` and `rN = value NAME+OFFSET` are
 * relocated loads.
 */
import { assemble } from '../../packages/core/src/bpf/asm.ts'
import { slotsOf } from '../../packages/core/src/bpf/insn.ts'
import type { BpfObject, LineInfo, MapSpec, ProgramSpec, Relocation } from '../../packages/core/src/object/object.ts'

/** Immediate of the n-th placeholder. */
const PLACEHOLDER = 0x6100_0000

export interface AsmProgram {
  readonly text: string
  readonly type?: string
  readonly section?: string
  readonly lines?: readonly LineInfo[]
}

export function asmProgram(name: string, program: AsmProgram | string): ProgramSpec {
  const {
    text,
    type = 'xdp',
    section = type,
    lines = [],
  }: AsmProgram = typeof program === 'string' ? { text: program } : program
  const wanted: Omit<Relocation, 'slot'>[] = []
  const plain = text.replace(/= (map|value) (\w+)(?:\+(\d+))?/g, (_, kind, map, offset) => {
    wanted.push(kind === 'map' ? { kind, map } : ({ kind: 'mapValue', map, offset: Number(offset ?? 0) } as never))
    return `= ${PLACEHOLDER + wanted.length - 1} ll`
  })
  const relocations: Relocation[] = []
  let slot = 0
  const insns = assemble(plain, name).map((insn) => {
    const index = slotsOf(insn) === 2 ? insn.imm - PLACEHOLDER : -1
    const relocation = wanted[index]
    if (relocation !== undefined) relocations.push({ ...relocation, slot } as Relocation)
    slot += slotsOf(insn)
    const src = relocation?.kind === 'map' ? 1 : 2
    return relocation === undefined ? insn : { ...insn, src, imm: 0 }
  })
  return { name, section, type, attachType: undefined, attachTarget: undefined, insns, relocations, lines }
}

export function mapSpec(name: string, type: string, more: Partial<MapSpec> = {}): MapSpec {
  return { name, type, keySize: 4, valueSize: 8, maxEntries: 4, flags: 0, ...more }
}

export function asmObject(programs: Record<string, AsmProgram | string>, maps: readonly MapSpec[] = []): BpfObject {
  return {
    license: 'GPL',
    maps,
    programs: Object.entries(programs).map(([name, program]) => asmProgram(name, program)),
  }
}
