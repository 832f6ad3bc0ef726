/**
 * Writes the types that CO-RE questions start from into the object's BTF: structs with just the members that some
 * question names, as `preserve_access_index` of clang leaves them. Pointers are `void *`, because a pointer is compatible
 * with any other (bpf_core_fields_are_compat, tools/lib/bpf/relo_core.c, 6.18), which also keeps the types free of cycles.
 *
 *   in:  all questions of a module (a struct's members must be known before it is written)
 *   out: for each question the type id and access string of its relocation record
 */
import { assertNever, invariant } from '../diag/diagnostic.ts'
import type { CoreEnum, CoreField, CoreQuery, CoreStep, CoreStruct, CoreType } from '../types/core-query.ts'
import type { CoreRelocationKind } from './core-kinds.ts'
import type { BtfTypeTable } from './type-table.ts'
import type { BtfTypeId } from './types.ts'
import type { BtfWriter } from './writer.ts'

export interface CoreRecord {
  readonly kind: CoreRelocationKind
  readonly typeId: BtfTypeId
  readonly access: string
}

const KINDS = {
  fieldOffset: 'fieldByteOffset',
  fieldExists: 'fieldExists',
  fieldSize: 'fieldByteSize',
  typeExists: 'typeExists',
  typeSize: 'typeSize',
  enumExists: 'enumValueExists',
  enumValue: 'enumValue',
} as const satisfies Record<CoreQuery['kind'], CoreRelocationKind>

type Member = CoreStep & { readonly kind: 'member' }

/** A struct under construction. */
interface Shape {
  readonly kind: CoreStruct['kind']
  readonly name: string
  size: number
  readonly members: Member[]
  id: BtfTypeId | undefined
}

interface EnumShape {
  readonly type: CoreEnum
  readonly values: { readonly name: string; readonly value: bigint }[]
  id: BtfTypeId | undefined
}

export function writeCoreTypes(
  writer: BtfWriter,
  table: BtfTypeTable,
  queries: readonly CoreQuery[],
): (query: CoreQuery) => CoreRecord {
  const types = new CoreTypes(writer, table)
  for (const query of queries) types.collect(query)
  types.write()
  return (query) => types.record(query)
}

class CoreTypes {
  readonly #writer: BtfWriter
  readonly #table: BtfTypeTable
  /** By name; those without one by the way that leads to them. */
  readonly #shapes = new Map<string, Shape>()
  readonly #enums = new Map<string, EnumShape>()

  constructor(writer: BtfWriter, table: BtfTypeTable) {
    this.#writer = writer
    this.#table = table
  }

  collect(query: CoreQuery): void {
    switch (query.kind) {
      case 'fieldOffset':
      case 'fieldExists':
      case 'fieldSize':
        this.#collectField(query.field)
        break
      case 'typeExists':
      case 'typeSize':
        if (query.type.kind === 'enum') this.#enum(query.type)
        else this.#shape(query.type, query.type.name)
        break
      case 'enumExists':
      case 'enumValue': {
        const { values } = this.#enum(query.type)
        if (!values.some((value) => value.name === query.name)) values.push({ name: query.name, value: query.value })
        break
      }
      default:
        assertNever(query)
    }
  }

  write(): void {
    // The kernel wants members in ascending order (btf_struct_check_meta, kernel/bpf/btf.c, 6.18).
    for (const { members } of this.#shapes.values()) members.sort((a, b) => a.offset - b.offset)
    for (const [key, shape] of this.#shapes) this.#writeShape(key, shape)
    for (const shape of this.#enums.values()) this.#writeEnum(shape)
  }

  record(query: CoreQuery): CoreRecord {
    const kind = KINDS[query.kind]
    switch (query.kind) {
      case 'fieldOffset':
      case 'fieldExists':
      case 'fieldSize':
        return {
          kind,
          typeId: this.#shape(query.field.root, query.field.root.name).id!,
          access: this.#access(query.field),
        }
      case 'typeExists':
      case 'typeSize': {
        const { type } = query
        const id = type.kind === 'enum' ? this.#enum(type).id : this.#shape(type, type.name).id
        return { kind, typeId: id!, access: '0' }
      }
      case 'enumExists':
      case 'enumValue': {
        const shape = this.#enum(query.type)
        const index = shape.values.findIndex((value) => value.name === query.name)
        return { kind, typeId: shape.id!, access: String(index) }
      }
    }
  }

  #collectField(field: CoreField): void {
    this.#walk(field, (shape, step) => {
      if (!shape.members.some((member) => isSame(member, step))) shape.members.push(step)
      return 0
    })
  }

  /** `0` for the root itself, then the number of each member or element. */
  #access(field: CoreField): string {
    return ['0', ...this.#walk(field, (shape, step) => shape.members.findIndex((member) => isSame(member, step)))].join(
      ':',
    )
  }

  #walk(field: CoreField, member: (shape: Shape, step: Member) => number): number[] {
    let key = field.root.name
    let type: CoreType = field.root
    return field.steps.map((step) => {
      if (step.kind === 'index') {
        type = step.type
        return step.index
      }
      invariant(type.kind === 'struct' || type.kind === 'union', `btf: ${step.name} is a member of no struct`)
      const place = member(this.#shape(type, key), step)
      type = step.type
      key = innerName(type) || `${key}.${step.name}`
      return place
    })
  }

  #shape(type: CoreStruct, key: string): Shape {
    let shape = this.#shapes.get(key)
    if (!shape) {
      shape = { kind: type.kind, name: type.name, size: type.size, members: [], id: undefined }
      this.#shapes.set(key, shape)
    }
    shape.size = Math.max(shape.size, type.size)
    return shape
  }

  #enum(type: CoreEnum): EnumShape {
    const known = this.#enums.get(type.name) ?? { type, values: [], id: undefined }
    this.#enums.set(type.name, known)
    return known
  }

  #writeShape(key: string, shape: Shape): BtfTypeId {
    if (shape.id !== undefined) return shape.id
    const members = shape.members.map((member) => ({
      name: member.name,
      type: this.#typeId(member.type, `${key}.${member.name}`),
      bitOffset: member.offset * 8,
      bitSize: 0,
    }))
    shape.id = this.#writer.add({ kind: shape.kind, name: shape.name, size: shape.size, members })
    return shape.id
  }

  #writeEnum(shape: EnumShape): void {
    const { name, size, signed } = shape.type
    shape.id = this.#writer.add({ kind: size === 8 ? 'enum64' : 'enum', name, size, signed, values: shape.values })
  }

  #typeId(type: CoreType, key: string): BtfTypeId {
    switch (type.kind) {
      case 'int':
        return this.#table.idOf(type.type)
      case 'ptr':
        return this.#table.pointerTo(0)
      case 'array':
        return this.#table.array(this.#typeId(type.element, key), type.length)
      case 'enum': {
        const shape = this.#enum(type)
        if (shape.id === undefined) this.#writeEnum(shape)
        return shape.id!
      }
      case 'struct':
      case 'union': {
        const name = type.name || key
        return this.#writeShape(name, this.#shape(type, name))
      }
    }
  }
}

/** Name of the struct that a type is, or is an array of. */
function innerName(type: CoreType): string {
  if (type.kind === 'array') return innerName(type.element)
  return type.kind === 'struct' || type.kind === 'union' ? type.name : ''
}

function isSame(a: Member, b: Member): boolean {
  return a.name === b.name && a.offset === b.offset && JSON.stringify(a.type) === JSON.stringify(b.type)
}
