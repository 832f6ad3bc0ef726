/**
 * Map definitions in BTF, as libbpf 1.x reads them (Documentation/bpf/libbpf, `bpf_object__init_user_btf_map`): section
 * `.maps` has one variable per map, of an anonymous struct whose members are pointers that are never followed:
 *
 *   struct { int (*type)[2]; struct key *key; struct value *value; int (*max_entries)[16]; } my_map;
 *
 * Offsets and sizes of the DATASEC are written here, so that the kernel takes the BTF without a loader's repairs.
 */

import { badObject } from '../bytes/reader.ts'
import { invariant } from '../diag/diagnostic.ts'
import type { MapSpec } from '../object/object.ts'
import { MAP_TYPES, type MapTypeRow } from '../tables/map-types.ts'
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
    const members = definitionMembers(map).map(
      (member, i): BtfMember => ({
        name: member.name,
        type: 'number' in member ? table.number(member.number) : table.pointerTo(member.type),
        bitOffset: i * POINTER_SIZE * 8,
        bitSize: 0,
      }),
    )
    const size = members.length * POINTER_SIZE
    const struct = writer.add({ kind: 'struct', name: '', size, members })
    const type = writer.add({ kind: 'var', name: map.name, type: struct, linkage: 'global' })
    vars.push({ type, offset, size })
    offset += size
  }
  writer.add({ kind: 'datasec', name: MAPS_SECTION, size: offset, vars })
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
}

/** Where the variable of each map is in `.maps`. */
export function mapPlaces(btf: Btf): Map<string, MapPlace> {
  const section = btf.find('datasec', MAPS_SECTION)
  return new Map(section?.vars.map((v) => [btf.nameOf(v.type), { offset: v.offset, size: v.size }]))
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
  const optional: { pinning?: 'byName'; btfKeyTypeId?: BtfTypeId; btfValueTypeId?: BtfTypeId } = {}
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
      default:
        throw badObject(`map ${name}: the property \`${member.name}\` is not supported`)
    }
  }
  return { ...spec, type: mapTypeName(name, type), ...optional }
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
