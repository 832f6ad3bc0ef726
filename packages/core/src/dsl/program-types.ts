/** Types of program values and of their constructors. */
import type { AnyKernelStruct } from './kernel-struct.ts'
import type { i64 } from './scalars.ts'
import type { AnySchema, Context, Kernel } from './types.ts'

/** `U`: the user-space handle. */
export interface Program<U> {
  /** Never there; for types only. */
  readonly '~program': U
}
// biome-ignore lint/suspicious/noExplicitAny: any handle
export type AnyProgram = Program<any>

/** What a handler gives back where the kernel does not look at it. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler may end without a value, which is 0
export type Ignored = number | boolean | void
/** 1 or true lets through, 0 or false refuses. */
export type Allow = 0 | 1 | boolean

/** `xdp((ctx) => XDP.PASS)`, `xdp({ section: 'xdp.frags' }, (ctx) => XDP.PASS)`. */
export interface ContextProgram<C, R, U, S extends string> {
  (handler: (ctx: C) => R): Program<U>
  (options: { readonly section?: S }, handler: (ctx: C) => R): Program<U>
}

export type ArgSchema = AnySchema | AnyKernelStruct
export type KernelArgs<A extends readonly ArgSchema[]> = { -readonly [I in keyof A]: Kernel<A[I]> }

export interface ProbeOptions {
  /** The program may sleep (`uprobe.s`, `fentry.s`, `lsm.s`, `iter.s`). */
  readonly sleepable?: boolean
}

/** `kprobe('do_unlinkat', [i32, u64], (dfd, name) => ...)`, or with the registers: `kprobe('f', (ctx) => ...)`. */
export interface ArgsProgram<C extends Context, R, U> {
  (target: string, handler: (ctx: C) => R): Program<U>
  <const A extends readonly ArgSchema[]>(
    target: string,
    args: A,
    handler: (...args: [...KernelArgs<A>, ctx: C]) => R,
    options?: ProbeOptions,
  ): Program<U>
}

/** `kretprobe('do_unlinkat', i32, (result) => ...)`. */
export interface ReturnProgram<C extends Context, R, U> {
  (target: string, handler: (ctx: C) => R): Program<U>
  <S extends ArgSchema>(
    target: string,
    result: S,
    handler: (result: Kernel<S>, ctx: C) => R,
    options?: ProbeOptions,
  ): Program<U>
}

/** `fexit('f', [u32], i32, (arg, result) => ...)`. */
export type ExitProgram<C extends Context, R, U> = <const A extends readonly ArgSchema[], S extends ArgSchema>(
  target: string,
  args: A,
  result: S,
  handler: (...args: [...KernelArgs<A>, result: Kernel<S>, ctx: C]) => R,
  options?: ProbeOptions,
) => Program<U>

/** The context of programs whose arguments come as an array of 64-bit values. */
export interface ArgsContext extends Context {
  readonly args: { readonly [index: number]: i64 }
}
