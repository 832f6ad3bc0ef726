/** C layout (System V ABI natural alignment) of the types in `types.ts`. */
import { assertNever } from '../diag/diagnostic.ts'
import type { Field, StructType, Type, UnionType } from './types.ts'

/** Bytes. */
export function sizeOf(type: Type): number {
  switch (type.kind) {
    case 'int':
      return type.bits / 8
    case 'array':
      return sizeOf(type.element) * type.length
    case 'struct':
    case 'union':
      return type.size
    default:
      return assertNever(type)
  }
}

/** Bytes. */
export function alignOf(type: Type): number {
  switch (type.kind) {
    case 'int':
      return type.bits / 8
    case 'array':
      return alignOf(type.element)
    case 'struct':
    case 'union':
      return type.align
    default:
      return assertNever(type)
  }
}

export function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align
}

type Unplaced = Omit<Field, 'offset'>

/** Lays out fields in order; `packed` drops all padding. */
export function layoutStruct(name: string, fields: readonly Unplaced[], packed = false): StructType {
  const placed: Field[] = []
  let offset = 0
  let align = 1
  for (const field of fields) {
    const fieldAlign = packed ? 1 : alignOf(field.type)
    offset = roundUp(offset, fieldAlign)
    placed.push({ ...field, offset })
    offset += sizeOf(field.type)
    align = Math.max(align, fieldAlign)
  }
  return { kind: 'struct', name, fields: placed, size: roundUp(offset, align), align }
}

/** Every member at offset 0; size and alignment of the largest. */
export function layoutUnion(name: string, members: readonly Unplaced[]): UnionType {
  const align = Math.max(1, ...members.map((m) => alignOf(m.type)))
  const size = roundUp(Math.max(0, ...members.map((m) => sizeOf(m.type))), align)
  return { kind: 'union', name, members: members.map((m) => ({ ...m, offset: 0 })), size, align }
}
