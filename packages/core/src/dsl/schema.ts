/**
 * Schemas: values that describe memory (`u32`, `struct({ .. })`). As plain data a schema is just a `Type`:
 *
 *   u16be u32be u64be   int, order net                bool   u8, display bool            str(n)   u8 array, display str
 *   ipv4                u32, order net, display ipv4  ktime  u64, display ktime          mac      6 bytes, display mac
 *   ipv6                16 bytes, display ipv6        struct field names are the kernel's (snake case), `key` is the user's
 */
import type { Type } from '../types/types.ts'

export interface SchemaDef {
  readonly kind: 'schema'
  readonly type: Type
}

/** `kernel('task_struct', { pid: i32 })`: a struct of the running kernel; offsets come from its BTF (CO-RE). */
export interface KernelStructDef {
  readonly kind: 'kernelStruct'
  /** C name. */
  readonly struct: string
  /** Fields by C name; a nested struct or a pointer to one is a kernelStruct again. */
  readonly fields: ReadonlyMap<string, Type | KernelStructDef>
  /** The field holds a pointer to the struct, not the struct. */
  readonly pointer: boolean
}
