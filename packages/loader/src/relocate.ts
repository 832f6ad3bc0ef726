/**
 * Instructions as the kernel takes them: every `ld_imm64` of a map gets the map's file descriptor, every call of a kernel
 * function that function's id, every variable of the kernel its id or address, and everything is encoded to bytes. The
 * object itself is never changed; loading it twice gives two independent sets of descriptors.
 */
import {
  encodeInsns,
  type Insn,
  type KsymReference,
  LD_IMM64,
  type ProgramSpec,
  PSEUDO,
  slotsOf,
} from '@unplugin-bpf/core/object'

export interface Names {
  /** Descriptor of a map by ELF name. */
  readonly fdOf: (map: string) => number
  /** BTF id of a function of the kernel. */
  readonly kfuncId: (program: ProgramSpec, name: string) => number
  /** BTF id or address of a variable of the kernel; undefined when a weak one is missing. */
  readonly ksym: (program: ProgramSpec, ksym: KsymReference) => bigint | undefined
}

export function relocate(program: ProgramSpec, { fdOf, kfuncId, ksym }: Names): Uint8Array {
  const kfuncs = new Map((program.references ?? []).map((each) => [each.slot, each]))
  const ksyms = new Map((program.ksyms ?? []).map((each) => [each.slot, each]))
  const bySlot = new Map(program.relocations.map((relocation) => [relocation.slot, relocation]))
  let slot = 0
  const insns = program.insns.map((insn): Insn => {
    const relocation = bySlot.get(slot)
    const at = slot
    slot += slotsOf(insn)
    const kfunc = kfuncs.get(at)
    if (kfunc?.kind === 'kfunc') return { ...insn, imm: kfuncId(program, kfunc.function), off: 0 }
    const wanted = ksyms.get(at)
    if (wanted) return withKsym(insn, wanted, ksym(program, wanted))
    if (relocation === undefined) return insn
    bySlot.delete(at)
    if (insn.opcode !== LD_IMM64)
      throw new Error(`program "${program.name}": the relocation at slot ${at} is not on a 64-bit load`)
    const fd = fdOf(relocation.map)
    return relocation.kind === 'map'
      ? { ...insn, src: PSEUDO.MAP_FD, imm: fd, immHigh: 0 }
      : { ...insn, src: PSEUDO.MAP_VALUE, imm: fd, immHigh: relocation.offset }
  })
  const [lost] = bySlot.keys()
  if (lost !== undefined) throw new Error(`program "${program.name}": no instruction begins at relocated slot ${lost}`)
  return encodeInsns(insns)
}

function withKsym(insn: Insn, { typed }: KsymReference, found: bigint | undefined): Insn {
  const halves = new DataView(new ArrayBuffer(8))
  halves.setBigUint64(0, found ?? 0n, true)
  const src = typed && found !== undefined ? PSEUDO.BTF_ID : 0
  return { ...insn, src, imm: halves.getInt32(0, true), immHigh: halves.getInt32(4, true) }
}
