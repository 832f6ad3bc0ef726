/**
 * One-entry arrays that programs address directly. ELF has them as data sections of one variable each, which libbpf
 * makes arrays of one element (`bpf_object__init_internal_map`): a reference to a map in `.maps` would be resolved to its
 * descriptor, never to an address.
 *
 *   .data.hits   hits: u64       ->   array map `hits`, 4-byte key, 8-byte value, 1 entry (libbpf calls it `.data.hits`)
 *
 * Not `.bss.hits`: libbpf knows names of that form for `.data` and `.rodata` only (`bpf_object__elf_collect`). The content
 * is 0, as in a new map.
 */
import type { MapSpec } from '../object/object.ts'
import { u8, u32 } from '../types/types.ts'
import type { Btf } from './reader.ts'
import type { BtfTypeTable } from './type-table.ts'
import type { BtfTypeId } from './types.ts'
import type { BtfWriter } from './writer.ts'

const PREFIX = '.data.'

export function dataSectionName(map: string): string {
  return `${PREFIX}${map}`
}

/** Writes variable and DATASEC of each map. */
export function writeDataMaps(writer: BtfWriter, table: BtfTypeTable, maps: readonly MapSpec[]): void {
  for (const map of maps) {
    const type = map.btfValueTypeId ?? table.array(table.idOf(u8), map.valueSize)
    const variable = writer.add({ kind: 'var', name: map.name, type, linkage: 'global' })
    const vars = [{ type: variable, offset: 0, size: map.valueSize }]
    writer.add({ kind: 'datasec', name: dataSectionName(map.name), size: map.valueSize, vars })
  }
}

/** The maps that the BTF has as data sections of one variable of the section's name. */
export function readDataMaps(btf: Btf): MapSpec[] {
  return btf.idsOf('datasec').flatMap((id): MapSpec[] => {
    const section = btf.type(id)
    if (section.kind !== 'datasec' || section.vars.length !== 1) return []
    const [only] = section.vars
    const variable = btf.type(only!.type)
    if (variable.kind !== 'var' || section.name !== dataSectionName(variable.name) || only!.offset !== 0) return []
    return [dataMap(btf, variable.name, { type: variable.type, size: only!.size })]
  })
}

function dataMap(btf: Btf, name: string, value: { type: BtfTypeId; size: number }): MapSpec {
  const spec = { name, type: 'array', keySize: u32.bits / 8, valueSize: value.size, maxEntries: 1, flags: 0 }
  // The kernel takes both types or none (map_check_btf).
  const key = btf.findId('int', 'unsigned int')
  return key === undefined ? spec : { ...spec, btfKeyTypeId: key, btfValueTypeId: value.type }
}
