/**
 * What a CO-RE relocation asks of the kernel that a program is loaded into, in terms of the kernel the program was
 * written for: where a field is, whether it exists, how large a type is, what value an enumerator has.
 *
 * Types have no more than the question needs: a struct is its name and size, and its fields are those that some question
 * names. The object's BTF is written from them (`btf/core-types.ts`), the answers are found by name
 * (`btf/core-relo.ts`).
 */
import type { IntType } from './types.ts'

export interface CoreStruct {
  readonly kind: 'struct' | 'union'
  /** C name (`task_struct`); `name___flavor` means the same type of another kernel. Empty: anonymous. */
  readonly name: string
  readonly size: number
}

export interface CoreEnum {
  readonly kind: 'enum'
  readonly name: string
  readonly size: number
  readonly signed: boolean
}

export type CoreType =
  | CoreStruct
  | CoreEnum
  | { readonly kind: 'int'; readonly type: IntType }
  /** `struct`: what it points to, when that is a struct. */
  | { readonly kind: 'ptr'; readonly struct?: CoreStruct | undefined }
  | { readonly kind: 'array'; readonly element: CoreType; readonly length: number }

export type CoreStep =
  /** `offset`: bytes from the start of the struct around it; anonymous structs between are left out. */
  | { readonly kind: 'member'; readonly name: string; readonly offset: number; readonly type: CoreType }
  | { readonly kind: 'index'; readonly index: number; readonly type: CoreType }

/** A way from a struct to something inside it: `task_struct.se.vruntime`, `net_device.name[0]`. */
export interface CoreField {
  readonly root: CoreStruct
  readonly steps: readonly CoreStep[]
}

export type CoreQuery =
  | { readonly kind: 'fieldOffset' | 'fieldExists' | 'fieldSize'; readonly field: CoreField }
  | { readonly kind: 'typeExists' | 'typeSize'; readonly type: CoreStruct | CoreEnum }
  | {
      readonly kind: 'enumExists' | 'enumValue'
      readonly type: CoreEnum
      readonly name: string
      /** At compile time. */
      readonly value: bigint
    }

/** `task_struct.se.vruntime`, for messages and dumps. */
export function coreFieldName({ root, steps }: CoreField): string {
  return root.name + steps.map((step) => (step.kind === 'member' ? `.${step.name}` : `[${step.index}]`)).join('')
}

export function coreQueryName(query: CoreQuery): string {
  switch (query.kind) {
    case 'fieldOffset':
    case 'fieldExists':
    case 'fieldSize':
      return coreFieldName(query.field)
    case 'typeExists':
    case 'typeSize':
      return query.type.name
    case 'enumExists':
    case 'enumValue':
      return `${query.type.name}.${query.name}`
  }
}

/** Bytes from the root's start. */
export function coreOffset(field: CoreField): number {
  return field.steps.reduce(
    (sum, step) => sum + (step.kind === 'member' ? step.offset : step.index * coreSize(step.type)),
    0,
  )
}

export function coreSize(type: CoreType): number {
  switch (type.kind) {
    case 'int':
      return type.type.bits / 8
    case 'ptr':
      return 8
    case 'array':
      return type.length * coreSize(type.element)
    default:
      return type.size
  }
}
