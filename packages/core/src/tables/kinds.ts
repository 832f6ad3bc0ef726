/**
 * Vocabulary of helper arguments and results, after `enum bpf_arg_type` / `bpf_return_type` in include/linux/bpf.h (6.18).
 * One argument row says what the verifier wants in that register.
 */

import type { PtrSpace } from '../types/types.ts'
import type { MapTypeName } from './map-types.ts'

export type ArgKind =
  /** Any scalar. */
  | { readonly kind: 'int'; readonly name: string; readonly bits?: 32 | 64 }
  /** The program's context pointer. */
  | {
      readonly kind: 'ctx'
      readonly name: string
      readonly nullable?: boolean
      /** Program types in which it is a socket pointer instead. */
      readonly socketIn?: readonly string[]
    }
  /** A map of one of the given kinds (any kind when absent). */
  | { readonly kind: 'map'; readonly name: string; readonly types?: readonly MapTypeName[] }
  /** Pointer to a key / value of the map in argument `map` (index). */
  | { readonly kind: 'mapKey'; readonly name: string; readonly map: number }
  | { readonly kind: 'mapValue'; readonly name: string; readonly map: number }
  /** Readable / writable memory whose size is argument `size` (index) or the fixed number of `bytes`. */
  | {
      readonly kind: 'mem'
      readonly name: string
      readonly access: 'read' | 'write'
      readonly size?: number
      readonly bytes?: number
      readonly nullable?: boolean
    }
  /** Byte count of the memory in another argument. `zero`: 0 is allowed. `constant`: must be known at compile time. */
  | { readonly kind: 'size'; readonly name: string; readonly zero?: boolean; readonly constant?: boolean }
  /** Ring buffer record that this call releases. */
  | { readonly kind: 'record'; readonly name: string }
  /** Kernel pointer or address that the helper itself checks (probe_read source). */
  | { readonly kind: 'address'; readonly name: string }
  /** Pointer that the verifier knows by BTF type, socket, timer, spin lock, dynptr, callback function ... */
  | { readonly kind: 'typed'; readonly name: string; readonly of: string }

export type ReturnKind =
  | { readonly kind: 'int'; readonly bits: 32 | 64; readonly signed: boolean }
  | { readonly kind: 'void' }
  /** Pointer to the value of the map in argument `map`, or null. */
  | { readonly kind: 'mapValueOrNull'; readonly map: number }
  /** Reserved memory of the size in argument `size`, or null. Acquires a reference that must be released. */
  | { readonly kind: 'recordOrNull'; readonly size: number }
  | { readonly kind: 'ptr'; readonly space: PtrSpace; readonly nullable: boolean; readonly of?: string }
