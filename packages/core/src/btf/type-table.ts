/**
 * Turns the compiler's types into BTF types, each written once. Names are those of C (`unsigned int`), so that
 * `bpftool btf dump format c` and `bpftool map dump` show what a C programmer expects; no typedefs.
 */
import { assertNever } from '../diag/diagnostic.ts'
import type { ContextRow } from '../tables/contexts.ts'
import type { Field, IntType, StructType, Type, UnionType } from '../types/types.ts'
import { i32, u32 } from '../types/types.ts'
import type { BtfType, BtfTypeId } from './types.ts'
import { BTF_INT } from './types.ts'
import type { BtfWriter } from './writer.ts'

const C_NAMES = { 8: 'char', 16: 'short', 32: 'int', 64: 'long long' } as const

export class BtfTypeTable {
  readonly #writer: BtfWriter
  /** By a key that is equal for equal types; structs and unions by name, which is unique in a module. */
  readonly #ids = new Map<string, BtfTypeId>()

  constructor(writer: BtfWriter) {
    this.#writer = writer
  }

  idOf(type: Type): BtfTypeId {
    switch (type.kind) {
      case 'int':
        return this.#int(type)
      case 'array':
        return type.display === 'str'
          ? this.array(this.#char(), type.length)
          : this.array(this.idOf(type.element), type.length)
      case 'struct':
        return this.#struct(type, type.fields)
      case 'union':
        return this.#struct(type, type.members)
      default:
        return assertNever(type)
    }
  }

  array(element: BtfTypeId, length: number): BtfTypeId {
    return this.add({ kind: 'array', name: '', type: element, indexType: this.idOf(u32), length })
  }

  pointerTo(type: BtfTypeId): BtfTypeId {
    return this.add({ kind: 'ptr', name: '', type })
  }

  /** `int (*)[n]`: how a map definition states a number (`__uint` of libbpf's bpf_helpers.h). */
  number(n: number): BtfTypeId {
    return this.pointerTo(this.array(this.idOf(i32), n))
  }

  /** Pointer to a context struct; `void *` where the layout depends on the attach point. */
  contextPointer(row: ContextRow | undefined): BtfTypeId {
    if (row === undefined || row.size === 0) return this.pointerTo(0)
    const fields = row.fields.map(
      (field): Field => ({
        name: field.name,
        offset: field.offset,
        type: field.length === undefined ? field.type : { kind: 'array', element: field.type, length: field.length },
      }),
    )
    // The kernel wants members in ascending order (btf_struct_check_meta); a table may list aliases out of order.
    fields.sort((a, b) => a.offset - b.offset)
    return this.pointerTo(this.#struct({ kind: 'struct', name: row.struct, fields, size: row.size, align: 8 }, fields))
  }

  /** Writes a type unless an equal one was written. Only for types whose meaning is all in the record. */
  add(type: BtfType): BtfTypeId {
    return this.#once(JSON.stringify(type), () => type)
  }

  #int(type: IntType): BtfTypeId {
    const bool = type.display === 'bool' && type.bits === 8
    const sign = type.signed ? (type.bits === 8 ? 'signed ' : '') : 'unsigned '
    return this.add({
      kind: 'int',
      name: bool ? '_Bool' : `${sign}${C_NAMES[type.bits]}`,
      size: type.bits / 8,
      encoding: bool ? BTF_INT.bool : type.signed ? BTF_INT.signed : 0,
      bits: type.bits,
      bitOffset: 0,
    })
  }

  #char(): BtfTypeId {
    return this.add({ kind: 'int', name: 'char', size: 1, encoding: BTF_INT.signed, bits: 8, bitOffset: 0 })
  }

  #struct(type: StructType | UnionType, fields: readonly Field[]): BtfTypeId {
    return this.#once(`${type.kind} ${type.name}`, () => ({
      kind: type.kind,
      name: type.name,
      size: type.size,
      members: fields.map((field) => ({
        name: field.name,
        type: this.idOf(field.type),
        bitOffset: field.offset * 8,
        bitSize: 0,
      })),
    }))
  }

  #once(key: string, make: () => BtfType): BtfTypeId {
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const id = this.#writer.add(make())
    this.#ids.set(key, id)
    return id
  }
}
