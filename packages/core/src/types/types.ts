/**
 * The types of both languages, of map keys and values, of context fields and of BTF. All multi-byte integers in memory
 * are little-endian (the target is bpfel) unless `order` says `net`.
 */
export type IntBits = 8 | 16 | 32 | 64

export interface IntType {
  readonly kind: 'int'
  readonly bits: IntBits
  readonly signed: boolean
  /** `net`: stored big-endian; reads and writes swap. Absent means host (little-endian). */
  readonly order?: 'net'
  /** How user space shows the value; the bits are those of the integer. */
  readonly display?: 'bool' | 'ipv4' | 'ktime'
}

export interface ArrayType {
  readonly kind: 'array'
  readonly element: Type
  readonly length: number
  /** `str`: user space sees a NUL-terminated string; `mac`, `ipv6`: their text forms. */
  readonly display?: 'str' | 'mac' | 'ipv6'
}

export interface Field {
  /** Name as written in C and BTF (`src_addr`). */
  readonly name: string
  /** Name in user space, when it is not the camel case of `name`. */
  readonly key?: string | undefined
  readonly type: Type
  /** Bytes from the start of the struct. */
  readonly offset: number
}

export interface StructType {
  readonly kind: 'struct'
  /** C name (`conn_event`). */
  readonly name: string
  readonly fields: readonly Field[]
  /** Bytes, padding at the end included. */
  readonly size: number
  readonly align: number
}

export interface UnionType {
  readonly kind: 'union'
  readonly name: string
  readonly members: readonly Field[]
  readonly size: number
  readonly align: number
}

/** A type that can lie in memory: map keys and values, struct fields, ring buffer records. */
export type Type = IntType | ArrayType | StructType | UnionType

/** Where a pointer points; decides which accesses and helper arguments the verifier takes. */
export type PtrSpace =
  | 'ctx'
  | 'stack'
  | 'packet'
  | 'packetEnd'
  | 'packetMeta'
  | 'mapValue'
  | 'ringbuf'
  | 'map'
  | 'kernel'
  | 'btf'
  /** A function of the module, for callbacks. */
  | 'code'

export interface PtrType {
  readonly kind: 'ptr'
  readonly space: PtrSpace
  /** May be 0 until tested. */
  readonly nullable: boolean
  /** What it points to, when known. */
  readonly pointee?: Type | undefined
}

export interface VoidType {
  readonly kind: 'void'
}

/** The type of a core form's value. */
export type ValueType = IntType | PtrType | VoidType

const int = (bits: IntBits, signed: boolean): IntType => ({ kind: 'int', bits, signed })

export const u8 = int(8, false)
export const u16 = int(16, false)
export const u32 = int(32, false)
export const u64 = int(64, false)
export const i8 = int(8, true)
export const i16 = int(16, true)
export const i32 = int(32, true)
export const i64 = int(64, true)
export const VOID: VoidType = { kind: 'void' }

/** Scalar types by the name that both languages use. */
export const SCALARS = { u8, u16, u32, u64, i8, i16, i32, i64 } as const
export type ScalarName = keyof typeof SCALARS

/** Width of an integer of that many bytes; undefined when there is none. */
export function bitsOfSize(bytes: number): IntBits | undefined {
  switch (bytes) {
    case 1:
      return 8
    case 2:
      return 16
    case 4:
      return 32
    case 8:
      return 64
    default:
      return undefined
  }
}

/** Name of a scalar (`u32`), without byte order or display. */
export function scalarName(type: IntType): ScalarName {
  return `${type.signed ? 'i' : 'u'}${type.bits}`
}

export function ptrTo(space: PtrSpace, options: { nullable?: boolean; pointee?: Type | undefined } = {}): PtrType {
  return { kind: 'ptr', space, nullable: options.nullable ?? false, pointee: options.pointee }
}
