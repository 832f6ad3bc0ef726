/**
 * Decodes a program once into parallel arrays that the interpreter reads: one entry per instruction (not slot), jumps
 * as instruction indexes. Immediates, map addresses included, become entries of a constant pool that lies behind the
 * registers, so that every operation has one form: register and register.
 */
import type { Insn } from '../bpf/insn.ts'
import { LD_IMM64, PSEUDO, slotsOf } from '../bpf/insn.ts'
import type { ProgramSpec } from '../object/object.ts'
import { VmError } from './errno.ts'

/** What kind of thing an instruction is; the interpreter's first switch. Numbers, as V8 makes a jump table of them. */
export const GROUP = {
  alu64: 0,
  alu32: 1,
  endian: 2,
  jump64: 3,
  jump32: 4,
  goto: 5,
  load: 6,
  loadSigned: 7,
  store: 8,
  atomic: 9,
  helper: 10,
  call: 11,
  exit: 12,
  /** BPF_ABS and BPF_IND, socket filters of old. */
  packetLoad: 13,
  /** Call of a helper whose number is in a register. */
  helperRegister: 14,
} as const
export type GroupName = keyof typeof GROUP

/** Operations of the ALU groups: the opcode's high four bits, and what cpu v4 put into `off`. */
export const ALU_V4 = { sdiv: 14, smod: 15, movsx8: 16, movsx16: 17, movsx32: 18 } as const

export interface Code {
  readonly program: ProgramSpec
  readonly group: Uint8Array
  /** Meaning depends on the group: ALU operation, condition, bytes of an access. */
  readonly op: Uint8Array
  readonly dst: Uint8Array
  /** Register, or constant pool entry (11 and up). */
  readonly src: Int32Array
  /** Offset of an access; operation of an atomic; helper id; imm of endian. */
  readonly off: Int32Array
  /** Index of the instruction jumped to or called. */
  readonly target: Int32Array
  /** Slot of each instruction. */
  readonly slot: Int32Array
}

/** The constants of all programs of a VM; index 0 is register 11. */
export class ConstantPool {
  readonly lo: number[] = []
  readonly hi: number[] = []
  private readonly known = new Map<string, number>()

  /** Register number of the constant. */
  add(lo: number, hi: number): number {
    const key = `${hi | 0}:${lo | 0}`
    const found = this.known.get(key)
    if (found !== undefined) return found
    const register = 11 + this.lo.length
    this.lo.push(lo | 0)
    this.hi.push(hi | 0)
    this.known.set(key, register)
    return register
  }
}

/** Address that a relocated ld_imm64 loads. */
export type Resolve = (slot: number) => { readonly lo: number; readonly hi: number } | undefined

/** High word of a function's address. */
export const CODE_TAG = 0x0020_0000

/** Helper number of every kernel function; which one, the program's references say. */
export const KFUNC = -1

const SIZE_BYTES = [4, 2, 1, 8] as const

interface Draft {
  group: GroupName
  op?: number
  dst?: number
  src?: number
  off?: number
  /** Slots from the next slot. */
  jump?: number
}

export function decodeProgram(program: ProgramSpec, pool: ConstantPool, resolve: Resolve): Code {
  const { insns } = program
  const n = insns.length
  const code: Code = {
    program,
    group: new Uint8Array(n),
    op: new Uint8Array(n),
    dst: new Uint8Array(n),
    src: new Int32Array(n),
    off: new Int32Array(n),
    target: new Int32Array(n),
    slot: new Int32Array(n),
  }
  const indexOfSlot = new Map<number, number>()
  let slot = 0
  for (const [i, insn] of insns.entries()) {
    indexOfSlot.set(slot, i)
    code.slot[i] = slot
    slot += slotsOf(insn)
  }
  for (const [i, insn] of insns.entries()) {
    const at = code.slot[i]!
    const bad = (what: string) => new VmError(`program ${program.name}, slot ${at}: ${what}`)
    const draft = isFunctionAddress(insn)
      ? functionAddress(pool, indexOfSlot.get(at + 1 + insn.imm))
      : decodeInsn(insn, pool, () => resolve(at))
    if (draft === undefined) throw bad(`instruction 0x${insn.opcode.toString(16)} is not known`)
    if (insn.dst > 10 || insn.src > 10) throw bad('register number above 10')
    code.group[i] = GROUP[draft.group]
    code.op[i] = draft.op ?? 0
    code.dst[i] = draft.dst ?? insn.dst
    code.src[i] = draft.src ?? insn.src
    code.off[i] = draft.off ?? insn.off
    if (draft.jump !== undefined) {
      const target = indexOfSlot.get(at + 1 + draft.jump)
      if (target === undefined) throw bad(`jump to slot ${at + 1 + draft.jump}, where no instruction begins`)
      code.target[i] = target
    }
  }
  return code
}

const isFunctionAddress = (insn: Insn): boolean => insn.opcode === LD_IMM64 && insn.src === PSEUDO.FUNC

/** A function is a number that no memory access takes for a pointer: CODE_TAG and the index of its first instruction. */
function functionAddress(pool: ConstantPool, index: number | undefined): Draft | undefined {
  return index === undefined ? undefined : { group: 'alu64', op: 11, src: pool.add(index, CODE_TAG) }
}

function decodeInsn(insn: Insn, pool: ConstantPool, resolve: () => ReturnType<Resolve>): Draft | undefined {
  const { opcode, imm } = insn
  const constant = () => pool.add(imm, imm >> 31)
  const size = SIZE_BYTES[(opcode >> 3) & 3]!
  switch (opcode & 7) {
    case 0: // LD
      return decodeLd(insn, pool, resolve)
    case 1: // LDX
      if ((opcode & 0xe0) === 0x60) return { group: 'load', op: size }
      return (opcode & 0xe0) === 0x80 && size !== 8 ? { group: 'loadSigned', op: size } : undefined
    case 2: // ST
      return (opcode & 0xe0) === 0x60 ? { group: 'store', op: size, src: constant() } : undefined
    case 3: // STX
      if ((opcode & 0xe0) === 0x60) return { group: 'store', op: size }
      // The offset is needed too, so the operation travels in `target`'s place: see decodeAtomic.
      return (opcode & 0xe0) === 0xc0 && size >= 4 ? decodeAtomic(insn, size) : undefined
    case 4:
    case 7:
      return decodeAlu(insn, (opcode & 7) === 7, opcode & 8 ? insn.src : constant())
    default:
      return decodeJump(insn, (opcode & 7) === 5, opcode & 8 ? insn.src : constant())
  }
}

function decodeLd(insn: Insn, pool: ConstantPool, resolve: () => ReturnType<Resolve>): Draft | undefined {
  if (insn.opcode === LD_IMM64) {
    const address = resolve()
    if (address !== undefined) return { group: 'alu64', op: 11, src: pool.add(address.lo, address.hi) }
    // Without a relocation only plain constants make sense: a number from another kernel means nothing here.
    if (insn.src !== 0) return undefined
    return { group: 'alu64', op: 11, src: pool.add(insn.imm, insn.immHigh ?? 0) }
  }
  const size = SIZE_BYTES[(insn.opcode >> 3) & 3]!
  const mode = insn.opcode & 0xe0
  if (size === 8 || (mode !== 0x20 && mode !== 0x40)) return undefined
  return { group: 'packetLoad', op: size, src: mode === 0x40 ? insn.src : pool.add(0, 0), off: insn.imm }
}

/** `op` has the bytes in bit 3 (8) or 2 (4) and the operation's high nibble; fetch in bit 0. */
function decodeAtomic(insn: Insn, size: number): Draft | undefined {
  const known = [0x00, 0x01, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1]
  if (!known.includes(insn.imm)) return undefined
  return { group: 'atomic', op: insn.imm | (size & 0xc) }
}

function decodeAlu(insn: Insn, wide: boolean, src: number): Draft | undefined {
  const op = insn.opcode >> 4
  const group = wide ? 'alu64' : 'alu32'
  if (op > 13) return undefined
  if (op === 13) {
    if (![16, 32, 64].includes(insn.imm)) return undefined
    // op: 0 to little-endian, 1 to big-endian, 2 unconditional swap.
    return { group: 'endian', op: wide ? 2 : (insn.opcode & 8) >> 3, off: insn.imm }
  }
  if (insn.off === 0) return { group, op, src }
  if (op === 3 && insn.off === 1) return { group, op: ALU_V4.sdiv, src }
  if (op === 9 && insn.off === 1) return { group, op: ALU_V4.smod, src }
  const isRegister = (insn.opcode & 8) !== 0
  if (op !== 11 || !isRegister) return undefined
  if (insn.off === 8) return { group, op: ALU_V4.movsx8, src }
  if (insn.off === 16) return { group, op: ALU_V4.movsx16, src }
  return insn.off === 32 && wide ? { group, op: ALU_V4.movsx32, src } : undefined
}

function decodeJump(insn: Insn, wide: boolean, src: number): Draft | undefined {
  const op = insn.opcode >> 4
  if (op === 0) return { group: 'goto', jump: wide ? insn.off : insn.imm }
  if (op === 8 && wide) {
    // callx, as clang writes it at -O0: the helper's number is in the register `dst`. No kernel takes it.
    if (insn.opcode & 8) return { group: 'helperRegister' }
    if (insn.src === PSEUDO.CALL) return { group: 'call', jump: insn.imm }
    if (insn.src === PSEUDO.KFUNC_CALL) return { group: 'helper', off: KFUNC }
    return insn.src === 0 ? { group: 'helper', off: insn.imm } : undefined
  }
  if (op === 9) return wide ? { group: 'exit' } : undefined
  if (op > 13) return undefined
  return { group: wide ? 'jump64' : 'jump32', op, src, jump: insn.off }
}
