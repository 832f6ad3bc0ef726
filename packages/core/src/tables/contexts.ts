/**
 * Context structs: what a program sees behind its first argument. Offsets are those of the user-visible struct (the
 * verifier rewrites the accesses); access rights after the `*_is_valid_access` functions of net/core/filter.c (6.18).
 */
import type { IntType, PtrSpace } from '../types/types.ts'
import { u32 } from '../types/types.ts'

export interface ContextField {
  /** Kernel name (`data_end`). */
  readonly name: string
  /** Bytes from the start of the context. */
  readonly offset: number
  /** Element type for array fields. */
  readonly type: IntType
  /** Number of elements; absent for a scalar. */
  readonly length?: number
  /** Set when reading the field gives a pointer of this kind. */
  readonly pointer?: PtrSpace
  /** Program types that may write it (kernel program type names); absent: nobody. */
  readonly writable?: readonly string[]
}

export interface ContextRow {
  /** C name of the struct. */
  readonly struct: string
  /** Bytes; 0 when it depends on the attach point (tracepoints). */
  readonly size: number
  readonly fields: readonly ContextField[]
}

export const CONTEXTS = {
  xdp_md: {
    struct: 'xdp_md',
    size: 24,
    fields: [
      { name: 'data', offset: 0, type: u32, pointer: 'packet' },
      { name: 'data_end', offset: 4, type: u32, pointer: 'packetEnd' },
    ],
  },
} as const satisfies Record<string, ContextRow>

export type ContextName = keyof typeof CONTEXTS
