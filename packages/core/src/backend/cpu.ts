/** Instruction set levels. v3 adds 32-bit jumps and fetching atomics, v4 signed division, sign-extending moves, long jumps. */
import type { CompileOptions } from '../options.ts'

export type Cpu = CompileOptions['cpu']

/** The names compare in their order. */
export const atLeast = (cpu: Cpu, level: Cpu): boolean => cpu >= level
