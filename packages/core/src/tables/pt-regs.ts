/**
 * Registers of a probed function per architecture: where arguments, result and stack pointer lie in the context of
 * kprobe and uprobe programs. x86-64: System V ABI and the generated `struct pt_regs`; arm64: AAPCS64 and
 * `struct user_pt_regs` (arch/arm64/include/uapi/asm/ptrace.h). Reader: the `pt-regs-*` forms.
 */
import { STRUCTS } from './generated/structs.ts'

export interface PtRegsRow {
  /** Bytes of the context struct. */
  readonly size: number
  /** Offset of argument 1, 2, ... of a C function. */
  readonly params: readonly number[]
  /** Offset of argument 1, 2, ... of a system call, inside the pt_regs that the syscall wrapper gets. */
  readonly syscallParams: readonly number[]
  readonly result: number
  readonly stackPointer: number
  readonly framePointer: number
  readonly instructionPointer: number
  /** Register that holds the return address at function entry; absent when it lies on the stack. */
  readonly linkRegister?: number
}

const x86 = STRUCTS.pt_regs.fields
/** arm64: regs[31], sp, pc, pstate. */
const arm = (register: number): number => register * 8

export const PT_REGS = {
  x86_64: {
    size: STRUCTS.pt_regs.size,
    params: [x86.di, x86.si, x86.dx, x86.cx, x86.r8, x86.r9].map((r) => r.offset),
    syscallParams: [x86.di, x86.si, x86.dx, x86.r10, x86.r8, x86.r9].map((r) => r.offset),
    result: x86.ax.offset,
    stackPointer: x86.sp.offset,
    framePointer: x86.bp.offset,
    instructionPointer: x86.ip.offset,
  },
  arm64: {
    size: 34 * 8,
    params: [0, 1, 2, 3, 4, 5, 6, 7].map(arm),
    // x0 is overwritten by the result; the kernel keeps the first argument in orig_x0, after user_pt_regs.
    syscallParams: [34, 1, 2, 3, 4, 5].map(arm),
    result: arm(0),
    stackPointer: arm(31),
    framePointer: arm(29),
    instructionPointer: arm(32),
    linkRegister: arm(30),
  },
} as const satisfies Record<string, PtRegsRow>

export type PtRegsArch = keyof typeof PT_REGS

/** The row in its general type. */
export function ptRegs(arch: PtRegsArch): PtRegsRow {
  return PT_REGS[arch]
}
