/**
 * Answers CO-RE relocations from the BTF of the kernel that a program is loaded into, and writes the answers into its
 * instructions, as libbpf does (tools/lib/bpf/relo_core.c, 6.18).
 *
 *   in:  instructions with relocations, the object's BTF, the kernel's BTF
 *   out: instructions; what the kernel lacks becomes a call that the verifier refuses if it is reached (`POISON`), so
 *        that a program may ask `core-field-exists` first; `missing` says by slot what it was
 */
import { type Insn, LD_IMM64, slotsOf } from '../bpf/insn.ts'
import { badObject } from '../bytes/reader.ts'
import type { CoreRelocationKind } from './core-kinds.ts'
import { type CoreSpec, findCandidates, localSpec, matchSpec, specName } from './core-spec.ts'
import type { Btf } from './reader.ts'
import type { BtfTypeId } from './types.ts'

export interface CoreRelocationInput {
  readonly slot: number
  readonly kind: CoreRelocationKind
  readonly typeId: BtfTypeId
  readonly access: string
}

export interface CoreResult {
  readonly insns: readonly Insn[]
  /** What the kernel does not have, by slot: `task_struct.foo`. */
  readonly missing: ReadonlyMap<number, string>
}

/** The number that libbpf calls, too: verifier logs show it as `unknown#195896080`. */
export const CORE_POISON = 0xbad2310
const CALL = 0x85

/** An answer: what to write, and for memory accesses the width. */
interface Answer {
  readonly value: bigint
  /** Bytes of the field, when the question was where it is. */
  readonly size?: number | undefined
  /** A load of another width gives the same number: pointers and unsigned integers. */
  readonly resizable?: boolean | undefined
}

export function relocateCore(
  insns: readonly Insn[],
  relocations: readonly CoreRelocationInput[],
  { local, kernel }: { readonly local: Btf; readonly kernel: Btf },
): CoreResult {
  const missing = new Map<number, string>()
  if (relocations.length === 0) return { insns, missing }
  const bySlot = new Map(relocations.map((relocation) => [relocation.slot, relocation]))
  const answers = new Map<string, ReturnType<typeof resolve>>()
  let slot = 0
  const result = insns.flatMap((insn): Insn[] => {
    const relocation = bySlot.get(slot)
    const at = slot
    slot += slotsOf(insn)
    if (!relocation) return [insn]
    bySlot.delete(at)
    const key = `${relocation.kind} ${relocation.typeId} ${relocation.access}`
    const answer = answers.get(key) ?? resolve(relocation, local, kernel)
    answers.set(key, answer)
    const patched = answer.target && patch(insn, answer.local, answer.target)
    if (patched) return [patched]
    missing.set(at, answer.name)
    return Array.from({ length: slotsOf(insn) }, () => ({ opcode: CALL, dst: 0, src: 0, off: 0, imm: CORE_POISON }))
  })
  const [lost] = bySlot.keys()
  if (lost !== undefined) throw badObject(`no instruction begins at slot ${lost}, which has a CO-RE relocation`)
  return { insns: result, missing }
}

interface Resolved {
  readonly name: string
  readonly local: Answer
  /** Absent: the kernel does not have it. */
  readonly target: Answer | undefined
}

function resolve(relocation: CoreRelocationInput, local: Btf, kernel: Btf): Resolved {
  const { kind, typeId } = relocation
  const spec = localSpec(local, relocation)
  const name = specName(spec)
  const here = answerOf(kind, spec, typeId)
  if (kind === 'typeIdLocal') return { name, local: here, target: here }
  const found = findCandidates(kernel, local, typeId).flatMap((id) => {
    const match = matchSpec(kernel, id, { spec, kind })
    return match ? [answerOf(kind, match, id)] : []
  })
  const [target] = found
  if (kind === 'fieldExists' || kind === 'typeExists' || kind === 'typeMatches' || kind === 'enumValueExists')
    return { name, local: here, target: { value: target ? 1n : 0n } }
  // Kernel BTF may have several types of one name; they must agree about what is asked.
  if (target && found.some((other) => other.value !== target.value))
    throw badObject(`${name} is ambiguous: the kernel has several types of this name, which differ in it`)
  return { name, local: here, target }
}

function answerOf(kind: CoreRelocationKind, spec: CoreSpec, id: BtfTypeId): Answer {
  switch (kind) {
    case 'fieldExists':
    case 'typeExists':
    case 'typeMatches':
    case 'enumValueExists':
      return { value: 1n }
    case 'typeIdLocal':
    case 'typeIdTarget':
      return { value: BigInt(id) }
    case 'typeSize':
      return { value: BigInt(spec.btf.sizeOf(spec.rootId)) }
    case 'enumValue':
      return { value: spec.enumValue ?? 0n }
    default:
      return fieldAnswer(kind, spec)
  }
}

type FieldKind = 'fieldByteOffset' | 'fieldByteSize' | 'fieldSigned' | 'fieldLeftShift' | 'fieldRightShift'

function fieldAnswer(kind: FieldKind, spec: CoreSpec): Answer {
  const { byteOffset, byteSize, bitSize } = container(spec)
  switch (kind) {
    case 'fieldByteOffset':
      return { value: BigInt(byteOffset), size: spec.bitSize > 0 ? undefined : byteSize, resizable: isUnsigned(spec) }
    case 'fieldByteSize':
      return { value: BigInt(byteSize) }
    case 'fieldSigned':
      return { value: isSigned(spec) ? 1n : 0n }
    // How a bitfield is cut out of the integer around it, on a little-endian machine.
    case 'fieldLeftShift':
      return { value: BigInt(64 - (spec.bitOffset + bitSize - byteOffset * 8)) }
    case 'fieldRightShift':
      return { value: BigInt(64 - bitSize) }
  }
}

/** The smallest aligned integer of the field's type or wider that covers a bitfield; the field itself otherwise. */
function container(spec: CoreSpec): { byteOffset: number; byteSize: number; bitSize: number } {
  let byteSize = spec.btf.sizeOf(spec.fieldId)
  if (spec.bitSize === 0) return { byteOffset: spec.bitOffset / 8, byteSize, bitSize: byteSize * 8 }
  const start = () => Math.floor(spec.bitOffset / 8 / byteSize) * byteSize
  while (spec.bitOffset + spec.bitSize - start() * 8 > byteSize * 8) {
    if (byteSize >= 8) throw badObject(`the bitfield ${specName(spec)} does not lie in one integer`)
    byteSize *= 2
  }
  return { byteOffset: start(), byteSize, bitSize: spec.bitSize }
}

function isSigned(spec: CoreSpec): boolean {
  const type = spec.btf.resolve(spec.fieldId)
  if (type.kind === 'int') return (type.encoding & 1) !== 0
  return (type.kind === 'enum' || type.kind === 'enum64') && type.signed
}

function isUnsigned(spec: CoreSpec): boolean {
  const { kind } = spec.btf.resolve(spec.fieldId)
  return kind === 'ptr' || (kind === 'int' && !isSigned(spec))
}

const CLASS = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, ALU64: 7 } as const
const SOURCE_REG = 0x08
/** Size bits of a memory access by bytes. */
const SIZE_BITS: Readonly<Record<number, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 }

/** Undefined when the instruction cannot do what the kernel needs (a field of another width). */
function patch(insn: Insn, local: Answer, target: Answer): Insn | undefined {
  const { value } = target
  switch (insn.opcode & 7) {
    case CLASS.ALU:
    case CLASS.ALU64:
      if (insn.opcode & SOURCE_REG) throw badObject('a CO-RE relocation of an instruction without an immediate')
      return { ...insn, imm: Number(BigInt.asIntN(32, value)) }
    case CLASS.LDX:
    case CLASS.ST:
    case CLASS.STX: {
      if (value > 0x7fffn) throw badObject(`the field is at byte ${value}, further than an instruction reaches`)
      const moved = { ...insn, off: Number(value) }
      if (target.size === undefined || target.size === local.size) return moved
      if (!local.resizable || !target.resizable) return undefined
      const bits = SIZE_BITS[target.size]
      return bits === undefined ? undefined : { ...moved, opcode: (insn.opcode & ~0x18) | bits }
    }
    default:
      if (insn.opcode !== LD_IMM64) throw badObject(`a CO-RE relocation of an instruction with opcode ${insn.opcode}`)
      return { ...insn, imm: Number(BigInt.asIntN(32, value)), immHigh: Number(BigInt.asIntN(32, value >> 32n)) }
  }
}
