/** Effect vocabulary of IR ops and helpers. Passes ask these columns; no pass lists op or helper names. */

/** Classes of memory that an operation may read or write. */
export type MemoryClass = 'stack' | 'packet' | 'mapValue' | 'ringbuf' | 'ctx' | 'kernel' | 'map'

export interface Effects {
  /** Memory that may be read, through pointer arguments or otherwise. */
  readonly reads: readonly MemoryClass[]
  /** Memory that may be written. `map`: the set of keys and values of a map. */
  readonly writes: readonly MemoryClass[]
  /** Result may differ between two calls with equal arguments and memory (time, random numbers, current task). */
  readonly volatile: boolean
  /** May end the program or must happen for its own sake (tail call, submit, printk, redirect). */
  readonly observable: boolean
  /** Packet pointers read earlier are invalid afterwards (`bpf_helper_changes_pkt_data`, net/core/filter.c). */
  readonly invalidatesPacket: boolean
}

const NONE: Effects = { reads: [], writes: [], volatile: false, observable: false, invalidatesPacket: false }

/** `fx()` has no effect; `fx({ reads: ['map'] })` states the exceptions. */
export function fx(effects: Partial<Effects> = {}): Effects {
  return { ...NONE, ...effects }
}

/** Memory that a helper may read through a pointer argument (ARG_PTR_TO_MEM, check_reg_type in kernel/bpf/verifier.c). */
export const READABLE_MEMORY: readonly MemoryClass[] = ['stack', 'packet', 'mapValue', 'ringbuf']
/** Memory that a helper may fill through a pointer argument (ARG_PTR_TO_UNINIT_MEM). */
export const WRITABLE_MEMORY: readonly MemoryClass[] = ['stack', 'mapValue', 'ringbuf']
