/**
 * Map definitions in BTF, as libbpf 1.x reads them (Documentation/bpf/libbpf, `bpf_object__init_user_btf_map`): section
 * `.maps` has one variable per map, of an anonymous struct whose members are pointers that are never followed:
 *
 *   struct { int (*type)[2]; struct key *key; struct value *value; int (*max_entries)[16]; } my_map;
 *
 * A map of maps, or of programs, ends in `values`: an array without length of pointers to the inner map's definition (to
 * a function type). Its variable has room behind the struct for the first entries, which relocations fill in.
 *
 * Offsets and sizes of the DATASEC are written here, so that the kernel takes the BTF without a loader's repairs.
 */

import { badObject } from '../bytes/reader.ts'
import { invariant } from '../diag/diagnostic.ts'
import type { MapSpec } from '../object/object.ts'
import { MAP_TYPES, type MapTypeRow } from '../tables/map-types.ts'
import { i32 } from '../types/types.ts'
import type { Btf } from './reader.ts'
import type { BtfTypeTable } from './type-table.ts'
import type { BtfMember, BtfSecVar, BtfTypeId, BtfTypeOf } from './types.ts'
import type { BtfWriter } from './writer.ts'

export const MAPS_SECTION = '.maps'
/** `LIBBPF_PIN_BY_NAME`. */
const PIN_BY_NAME = 1
const POINTER_SIZE = 8

const rows: Readonly<Record<string, MapTypeRow>> = MAP_TYPES

/** Writes the variables and the `.maps` DATASEC; nothing when there are no maps. */
export function writeMapDefinitions(writer: BtfWriter, table: BtfTypeTable, maps: readonly MapSpec[]): void {
  if (maps.length === 0) return
  const vars: BtfSecVar[] = []
  let offset = 0
  for (const map of maps) {
    const struct = writeDefinition(writer, table, map)
    const type = writer.add({ kind: 'var', name: map.name, type: struct.id, linkage: 'global' })
    const size = struct.size + (map.slots?.length ?? 0) * POINTER_SIZE
    vars.push({ type, offset, size })
    offset += size
  }
  writer.add({ kind: 'datasec', name: MAPS_SECTION, size: offset, vars })
}

function writeDefinition(writer: BtfWriter, table: BtfTypeTable, map: MapSpec): { id: BtfTypeId; size: number } {
  const members = definitionMembers(map).map(
    (member, i): BtfMember => ({
      name: member.name,
      type: 'number' in member ? table.number(member.number) : table.pointerTo(member.type),
      bitOffset: i * POINTER_SIZE * 8,
      bitSize: 0,
    }),
  )
  const size = members.length * POINTER_SIZE
  const entry = entryType(writer, table, map)
  if (entry !== undefined) {
    const type = table.array(table.pointerTo(entry), 0)
    members.push({ name: 'values', type, bitOffset: size * 8, bitSize: 0 })
  }
  return { id: writer.add({ kind: 'struct', name: '', size, members }), size }
}

/** What entries point to: the definition of the inner map, or `int (void *)` for programs with first entries. */
function entryType(writer: BtfWriter, table: BtfTypeTable, map: MapSpec): BtfTypeId | undefined {
  if (map.inner) return writeDefinition(writer, table, map.inner).id
  if (!map.slots) return undefined
  const params = [{ name: '', type: table.pointerTo(0) }]
  return table.add({ kind: 'funcProto', name: '', returnType: table.idOf(i32), params })
}

type Definition =
  | { readonly name: string; readonly number: number }
  | { readonly name: string; readonly type: BtfTypeId }

/** Members of one definition, in libbpf's usual order; zero flags and sizes are left out as in C. */
function definitionMembers(map: MapSpec): Definition[] {
  const row = rows[map.type]
  invariant(row !== undefined, `btf: map ${map.name} has type ${map.type}, which is in no table`)
  const members: Definition[] = [{ name: 'type', number: row.id }]
  if (map.btfKeyTypeId !== undefined) members.push({ name: 'key', type: map.btfKeyTypeId })
  else if (map.keySize > 0) members.push({ name: 'key_size', number: map.keySize })
  if (map.btfValueTypeId !== undefined) members.push({ name: 'value', type: map.btfValueTypeId })
  else if (map.valueSize > 0) members.push({ name: 'value_size', number: map.valueSize })
  members.push({ name: 'max_entries', number: map.maxEntries })
  if (map.flags !== 0) members.push({ name: 'map_flags', number: map.flags })
  if (map.pinning === 'byName') members.push({ name: 'pinning', number: PIN_BY_NAME })
  return members
}

export interface MapPlace {
  readonly offset: number
  readonly size: number
  /** Bytes from `offset` to the first entries; absent when the map has none. */
  readonly values: number | undefined
}

/** Where the variable of each map is in `.maps`. */
export function mapPlaces(btf: Btf): Map<string, MapPlace> {
  const section = btf.find('datasec', MAPS_SECTION)
  return new Map(
    section?.vars.map(({ type, offset, size }) => [
      btf.nameOf(type),
      { offset, size, values: valuesOffset(btf, type) },
    ]),
  )
}

function valuesOffset(btf: Btf, variable: BtfTypeId): number | undefined {
  const type = btf.type(variable)
  const struct = type.kind === 'var' ? btf.resolve(type.type) : type
  const member = struct.kind === 'struct' ? struct.members.find(({ name }) => name === 'values') : undefined
  return member && member.bitOffset / 8
}

/** Reads the definitions back, in the order of the section. */
export function readMapDefinitions(btf: Btf): MapSpec[] {
  const section = btf.find('datasec', MAPS_SECTION)
  if (section === undefined) return []
  return section.vars.map((v) => {
    const variable = btf.type(v.type)
    if (variable.kind !== 'var') throw badObject(`BTF is corrupt: section ${MAPS_SECTION} has a ${variable.kind}`)
    const struct = btf.resolve(variable.type)
    if (struct.kind !== 'struct') throw badObject(`map ${variable.name} is defined by a ${struct.kind}, not a struct`)
    return readMap(btf, variable.name, struct)
  })
}

function readMap(btf: Btf, name: string, struct: BtfTypeOf<'struct' | 'union'>): MapSpec {
  let type = 0
  const spec = { name, type: '', keySize: 0, valueSize: 0, maxEntries: 0, flags: 0 }
  const optional: { pinning?: 'byName'; btfKeyTypeId?: BtfTypeId; btfValueTypeId?: BtfTypeId; inner?: MapSpec } = {}
  for (const member of struct.members) {
    switch (member.name) {
      case 'type':
        type = numberOf(btf, name, member)
        break
      case 'key_size':
        spec.keySize = numberOf(btf, name, member)
        break
      case 'value_size':
        spec.valueSize = numberOf(btf, name, member)
        break
      case 'key':
        optional.btfKeyTypeId = pointeeOf(btf, name, member)
        spec.keySize = btf.sizeOf(optional.btfKeyTypeId)
        break
      case 'value':
        optional.btfValueTypeId = pointeeOf(btf, name, member)
        spec.valueSize = btf.sizeOf(optional.btfValueTypeId)
        break
      case 'max_entries':
        spec.maxEntries = numberOf(btf, name, member)
        break
      case 'map_flags':
        spec.flags = numberOf(btf, name, member)
        break
      case 'pinning':
        if (numberOf(btf, name, member) === PIN_BY_NAME) optional.pinning = 'byName'
        break
      case 'values': {
        const inner = readInner(btf, name, member)
        if (inner) optional.inner = inner
        spec.valueSize = 4
        break
      }
      default:
        throw badObject(`map ${name}: the property \`${member.name}\` is not supported`)
    }
  }
  return { ...spec, type: mapTypeName(name, type), ...optional }
}

/** The definition that `values` points to; undefined for programs. Maps of maps are one level deep in the kernel. */
function readInner(btf: Btf, name: string, member: BtfMember): MapSpec | undefined {
  const array = btf.resolve(member.type)
  if (array.kind !== 'array') throw badObject(`map ${name}: \`values\` is a ${array.kind}, not an array`)
  const pointer = btf.resolve(array.type)
  const entry = pointer.kind === 'ptr' && pointer.type !== 0 ? btf.resolve(pointer.type) : undefined
  if (entry?.kind === 'funcProto') return undefined
  if (entry?.kind !== 'struct') throw badObject(`map ${name}: \`values\` points to neither maps nor programs`)
  if (entry.members.some((each) => each.name === 'values'))
    throw badObject(`map ${name}: the maps in it hold maps themselves, which the kernel does not have`)
  return readMap(btf, `${name}.inner`, entry)
}

function mapTypeName(map: string, id: number): string {
  const found = Object.entries(rows).find(([, row]) => row.id === id)
  if (found === undefined) throw badObject(`map ${map} has type ${id}, which is not known`)
  return found[0]
}

function pointeeOf(btf: Btf, map: string, member: BtfMember): BtfTypeId {
  const pointer = btf.resolve(member.type)
  if (pointer.kind !== 'ptr') throw badObject(`map ${map}: \`${member.name}\` is a ${pointer.kind}, not a pointer`)
  return pointer.type
}

function numberOf(btf: Btf, map: string, member: BtfMember): number {
  const array = btf.resolve(pointeeOf(btf, map, member))
  if (array.kind !== 'array') throw badObject(`map ${map}: \`${member.name}\` is no pointer to an array`)
  return array.length
}
