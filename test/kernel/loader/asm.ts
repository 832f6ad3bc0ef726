/** Instructions by hand, for objects that no compiler had a part in. Opcodes: RFC 9669. */
import type { BpfObject, Insn, MapSpec, ProgramSpec, Relocation } from '@unplugin-bpf/core/object'

const insn = (opcode: number, fields: Partial<Insn> = {}): Insn => ({
  opcode,
  dst: 0,
  src: 0,
  off: 0,
  imm: 0,
  ...fields,
})

export const movImm = (dst: number, imm: number) => insn(0xb7, { dst, imm })
export const movReg = (dst: number, src: number) => insn(0xbf, { dst, src })
export const addImm = (dst: number, imm: number) => insn(0x07, { dst, imm })
export const addReg = (dst: number, src: number) => insn(0x0f, { dst, src })
/** *(u32 *)(dst + off) = imm */
export const store32 = (dst: number, off: number, imm: number) => insn(0x62, { dst, off, imm })
export const storeReg64 = (dst: number, off: number, src: number) => insn(0x7b, { dst, src, off })
export const load8 = (dst: number, src: number, off: number) => insn(0x71, { dst, src, off })
export const load32 = (dst: number, src: number, off: number) => insn(0x61, { dst, src, off })
export const load64 = (dst: number, src: number, off: number) => insn(0x79, { dst, src, off })
export const jumpEq = (dst: number, imm: number, off: number) => insn(0x15, { dst, imm, off })
export const jumpGtReg = (dst: number, src: number, off: number) => insn(0x2d, { dst, src, off })
export const call = (helper: number) => insn(0x85, { imm: helper })
/** lock *(u64 *)(dst + off) += src */
export const atomicAdd64 = (dst: number, off: number, src: number) => insn(0xdb, { dst, src, off })
/** Two slots; goes with a relocation. */
export const loadMap = (dst: number) => insn(0x18, { dst, immHigh: 0 })
export const exit = () => insn(0x95)

/** Helper numbers, include/uapi/linux/bpf.h. */
export const HELPERS = {
  lookup: 1,
  ktimeGetNs: 5,
  tailCall: 12,
  ringbufOutput: 130,
  ringbufReserve: 131,
  submit: 132,
  discard: 133,
}

export function mapSpec(name: string, type: string, more: Partial<MapSpec> = {}): MapSpec {
  return { name, type, keySize: 4, valueSize: 8, maxEntries: 8, flags: 0, ...more }
}

export const mapAt = (slot: number, map: string): Relocation => ({ kind: 'map', slot, map })

export function program(name: string, insns: readonly Insn[], more: Partial<ProgramSpec> = {}): ProgramSpec {
  const base = { name, section: 'xdp', type: 'xdp', attachType: 'XDP', attachTarget: undefined }
  return { ...base, insns, relocations: [], lines: [], ...more }
}

export function object(maps: readonly MapSpec[], programs: readonly ProgramSpec[]): BpfObject {
  return { license: 'GPL', maps, programs }
}

/** XDP: counts[0]++ and pass. */
export function counter(name = 'counter'): BpfObject {
  const insns = [
    store32(10, -4, 0),
    movReg(2, 10),
    addImm(2, -4),
    loadMap(1),
    call(HELPERS.lookup),
    jumpEq(0, 0, 2),
    movImm(1, 1),
    atomicAdd64(0, 0, 1),
    movImm(0, 2),
    exit(),
  ]
  return object(
    [mapSpec('counts', 'array', { maxEntries: 4 })],
    [program(name, insns, { relocations: [mapAt(3, 'counts')] })],
  )
}
