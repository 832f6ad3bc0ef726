/** The per-instruction hook: what a debugger, a coverage counter or the playground sees before each instruction. */
import type { ProgramSpec } from '../object/object.ts'

export interface StepState {
  readonly program: ProgramSpec
  /** Index in `program.insns`. */
  readonly index: number
  readonly slot: number
  /** BPF-to-BPF call depth, 0 in the main program. */
  readonly depth: number
  /** Unsigned value of r0..r10. */
  register(i: number): bigint
}

export type StepHook = (state: StepState) => void
