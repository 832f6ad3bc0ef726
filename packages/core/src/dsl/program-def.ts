/** What a program, a BPF-to-BPF function and the whole object of a `.bpf.ts` file are, as plain data. */
import type { ContextName } from '../tables/contexts.ts'
import type { ProgramTypeName } from '../tables/program-types.ts'
import type { StructType, Type } from '../types/types.ts'
import type { CapturedFunction } from './capture.ts'
import type { GlobalDef, MapDef } from './map-def.ts'
import type { KernelStructDef } from './schema.ts'

/** Type of one parameter: a value, or a pointer to a kernel struct that is known by BTF. */
export type ParamType = Type | KernelStructDef

/**
 * What the handler's parameters are. Handlers with arguments may take one parameter more: the context itself, as helpers
 * want it (`(dfd, name, ctx) => bpf.getStackid(ctx, stacks)`); in `kprobe` kinds it also has the fields of `pt_regs`.
 */
export type ContextDef =
  /** One parameter `ctx`: the fields of tables/contexts in camel case; packet types also have `length` and `at(S, off)`. */
  | { readonly kind: 'table'; readonly name: ContextName }
  /** One parameter `ctx`: the fields of this struct, at their offsets in the context (tracepoints). */
  | { readonly kind: 'struct'; readonly struct: StructType }
  /** Parameters by position: `pt_regs` arguments of a probed function, or the u64 array of BTF-typed programs. */
  | { readonly kind: 'registers'; readonly args: readonly ParamType[] }
  | { readonly kind: 'array'; readonly args: readonly ParamType[] }
  /** One parameter: the return value of the probed function. */
  | { readonly kind: 'returned'; readonly type: ParamType }
  | { readonly kind: 'none' }

export interface ProgramDef {
  readonly kind: 'program'
  readonly type: ProgramTypeName
  /** ELF section as libbpf accepts it (`xdp`, `cgroup/connect4`, `tracepoint/sched/sched_switch`). */
  readonly section: string
  /** Expected attach type by kernel name without `BPF_`; undefined: none. */
  readonly attachType: string | undefined
  readonly context: ContextDef
  /** The ELF name is the kernel spelling of the key in `object({ programs })`. */
  readonly handler: CapturedFunction
}

/** `subprog([u32, u32], u32, (a, b) => ...)`. */
export interface SubprogDef {
  readonly kind: 'subprog'
  readonly name: string | undefined
  readonly params: readonly Type[]
  readonly result: Type
  readonly handler: CapturedFunction
}

/** The default export: `object({ license, maps, globals, programs })`. Keys are those that user space sees. */
export interface ObjectDef {
  readonly kind: 'objectDef'
  readonly license: string
  readonly maps: ReadonlyMap<string, MapDef>
  /** `consts` and `globals` together. */
  readonly globals: ReadonlyMap<string, GlobalDef>
  readonly programs: ReadonlyMap<string, ProgramDef>
}
