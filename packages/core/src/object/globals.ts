/**
 * Global variables between BTF and object: VAR and DATASEC types per section, as clang and libbpf have them, and the maps
 * that hold the sections.
 *
 *   .bss   DATASEC '.bss' size 8 { hits at 0 }   ->   array map `.bss`, 4-byte key, 8-byte value, 1 entry, mappable
 */
import type { BtfTypeTable } from '../btf/type-table.ts'
import type { BtfWriter } from '../btf/writer.ts'
import type { GlobalSection } from '../forms/globals.ts'
import { sizeOf } from '../types/layout.ts'
import type { MapSpec, VariableSpec } from './object.ts'

export interface Globals {
  readonly maps: readonly MapSpec[]
  readonly variables: readonly VariableSpec[]
}

export function writeGlobals(writer: BtfWriter, table: BtfTypeTable, sections: readonly GlobalSection[]): Globals {
  const written = sections.map((section) => writeSection(writer, table, section))
  return { maps: written.map(({ map }) => map), variables: written.flatMap(({ variables }) => variables) }
}

function writeSection(writer: BtfWriter, table: BtfTypeTable, section: GlobalSection) {
  const { name, keySize, valueSize, maxEntries, flags } = section.map
  const members = section.globals.map(({ decl, offset }) => {
    const type = table.idOf(decl.type)
    const linkage = decl.hidden ? 'static' : 'global'
    const id = writer.add({ kind: 'var', name: decl.name, type, linkage } as const)
    return { decl, type, place: { type: id, offset, size: sizeOf(decl.type) } }
  })
  const vars = members.map(({ place }) => place)
  const datasec = writer.add({ kind: 'datasec', name, size: valueSize, vars })
  const variables = members
    .filter(({ decl }) => !decl.hidden)
    .map(
      ({ decl, type, place: { offset, size } }): VariableSpec => ({
        name: decl.name,
        map: name,
        offset,
        size,
        btfTypeId: type,
      }),
    )
  const map: MapSpec = {
    name,
    type: 'array',
    keySize,
    valueSize,
    maxEntries,
    flags,
    // Without a key type: "keyless" BTF, which only a section may have (array_map_check_btf).
    btfValueTypeId: datasec,
    data: { section: name, content: section.content, frozen: section.frozen },
  }
  return { map, variables }
}
