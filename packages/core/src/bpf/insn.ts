/**
 * One BPF instruction as decoded fields (RFC 9669, section 3).
 *
 *   byte 0   byte 1      bytes 2-3    bytes 4-7
 *   opcode   src | dst   offset s16   immediate s32
 *
 * `ld_imm64` is one `Insn` that fills two slots. A *slot* is 8 bytes: what the kernel, bpftool and ELF sections count.
 */
export interface Insn {
  /** Whole opcode byte. */
  readonly opcode: number
  /** 0..10 */
  readonly dst: number
  readonly src: number
  /** Signed 16 bits. Jumps: slots, relative to the next slot. */
  readonly off: number
  /** Signed 32 bits. */
  readonly imm: number
  /** Upper half of a 64-bit immediate, signed 32 bits; present exactly for ld_imm64. */
  readonly immHigh?: number
}

/** opcode of ld_imm64: BPF_LD | BPF_IMM | BPF_DW. */
export const LD_IMM64 = 0x18

/** Values of `src` in ld_imm64 and call that the loader or kernel resolves (include/uapi/linux/bpf.h). */
export const PSEUDO = { MAP_FD: 1, MAP_VALUE: 2, BTF_ID: 3, FUNC: 4, CALL: 1, KFUNC_CALL: 2 } as const

export function slotsOf(insn: Insn): 1 | 2 {
  return insn.opcode === LD_IMM64 ? 2 : 1
}
