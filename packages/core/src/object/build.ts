/**
 * Puts an object together: declarations of the module, machine code of its programs, and the BTF that describes both.
 *
 *   in:  a checked module; code for each of its programs
 *   out: `BpfObject`; equal input gives equal bytes
 */

import { writeDataMaps } from '../btf/data-maps.ts'
import { writeMapDefinitions } from '../btf/maps.ts'
import { BtfTypeTable } from '../btf/type-table.ts'
import type { BtfTypeId } from '../btf/types.ts'
import { BtfWriter } from '../btf/writer.ts'
import { invariant } from '../diag/diagnostic.ts'
import type { MapDecl, Module, ProgramDecl } from '../forms/module.ts'
import { CONTEXTS, type ContextRow } from '../tables/contexts.ts'
import { MAP_TYPES, type MapTypeRow } from '../tables/map-types.ts'
import { programTypeRow } from '../tables/program-types.ts'
import { matchSection } from '../tables/sections.ts'
import { i32, type Type, u8 } from '../types/types.ts'
import type { BpfObject, MachineCode, MapSpec, ProgramSpec } from './object.ts'

export function buildObject(module: Module, code: ReadonlyMap<ProgramDecl, MachineCode>): BpfObject {
  const writer = new BtfWriter()
  const table = new BtfTypeTable(writer)
  for (const struct of module.structs) table.idOf(struct)
  const maps = module.maps.map((map) => mapSpec(map, table))
  const direct = directMaps(code.values())
  const isDirect = (map: MapSpec) => direct.has(map.name)
  writeMapDefinitions(
    writer,
    table,
    maps.filter((map) => !isDirect(map)),
  )
  writeDataMaps(writer, table, maps.filter(isDirect))
  const programs = module.programs.map((program) => {
    const machineCode = code.get(program)
    invariant(machineCode !== undefined, `object: no code for program ${program.name}`)
    return programSpec(program, machineCode, writeFunction(program, writer, table))
  })
  // Texts that .BTF.ext will refer to.
  for (const { section, lines } of programs) {
    writer.string(section)
    for (const line of lines) {
      writer.string(line.file)
      writer.string(line.text)
    }
  }
  return { license: module.license, maps, programs, btf: writer.finish() }
}

/** Names of the maps whose element some program addresses directly. */
function directMaps(code: Iterable<MachineCode>): ReadonlySet<string> {
  const relocations = [...code].flatMap((machineCode) => machineCode.relocations)
  return new Set(relocations.filter(({ kind }) => kind === 'mapValue').map(({ map }) => map))
}

function mapSpec(map: MapDecl, table: BtfTypeTable): MapSpec {
  const types = mapTypes(map)
  return {
    name: map.name,
    type: map.type,
    keySize: map.keySize,
    valueSize: map.valueSize,
    maxEntries: map.maxEntries,
    flags: map.flags,
    ...(map.pinning && { pinning: map.pinning }),
    ...(types && { btfKeyTypeId: table.idOf(types.key), btfValueTypeId: table.idOf(types.value) }),
  }
}

/**
 * Types for the kernel's `map_check_btf`: both or none, since a value type alone is refused; an untyped side becomes
 * bytes. Array keys must be 4-byte integers (array_map_check_btf), LPM keys structs (trie_check_btf).
 */
function mapTypes(map: MapDecl): { key: Type; value: Type } | undefined {
  const row: MapTypeRow = MAP_TYPES[map.type]
  if (row.key === 'none' || row.value !== 'any' || row.handle === 'other') return undefined
  if (map.keyType === undefined && map.valueType === undefined) return undefined
  const key = map.keyType ?? bytes(map.keySize)
  if (row.key === 'index' && !(key.kind === 'int' && key.bits === 32)) return undefined
  if (row.key === 'lpm' && key.kind !== 'struct') return undefined
  return { key, value: map.valueType ?? bytes(map.valueSize) }
}

function bytes(length: number): Type {
  return { kind: 'array', element: u8, length }
}

/** FUNC and FUNC_PROTO: `int name(struct xdp_md *ctx)`. */
function writeFunction(program: ProgramDecl, writer: BtfWriter, table: BtfTypeTable): BtfTypeId {
  const { context: name } = programTypeRow(program.type)
  const context: ContextRow | undefined = name && CONTEXTS[name]
  const params = [{ name: 'ctx', type: table.contextPointer(context) }]
  const type = table.add({ kind: 'funcProto', name: '', returnType: table.idOf(i32), params })
  return writer.add({ kind: 'func', name: program.name, type, linkage: 'global' })
}

function programSpec(program: ProgramDecl, code: MachineCode, btfFuncId: BtfTypeId): ProgramSpec {
  return {
    name: program.name,
    section: program.section,
    type: program.type,
    attachType: program.attachType,
    attachTarget: matchSection(program.section)?.target,
    insns: code.insns,
    relocations: code.relocations,
    lines: code.lines,
    stackSize: code.stackSize,
    btfFuncId,
  }
}
