/**
 * Puts an object together: declarations of the module, machine code of its programs, and the BTF that describes both.
 *
 *   in:  a checked module; code for each of its programs
 *   out: `BpfObject`; equal input gives equal bytes
 */

import { writeCoreTypes } from '../btf/core-types.ts'
import { writeDataMaps } from '../btf/data-maps.ts'
import { writeMapDefinitions } from '../btf/maps.ts'
import { BtfTypeTable } from '../btf/type-table.ts'
import type { BtfTypeId } from '../btf/types.ts'
import { BtfWriter } from '../btf/writer.ts'
import { invariant } from '../diag/diagnostic.ts'
import type { GlobalSection } from '../forms/globals.ts'
import type { FunctionDecl, MapDecl, Module, ProgramDecl } from '../forms/module.ts'
import { CONTEXTS, type ContextRow } from '../tables/contexts.ts'
import { MAP_TYPES, type MapTypeRow } from '../tables/map-types.ts'
import { toKernelName } from '../tables/names.ts'
import { programTypeRow } from '../tables/program-types.ts'
import { matchSection } from '../tables/sections.ts'
import type { FunctionUnit } from '../typed/functions.ts'
import { localType } from '../typed/typing.ts'
import { i32, type Type, u8 } from '../types/types.ts'
import { writeGlobals } from './globals.ts'
import { writeKfuncs } from './kfuncs.ts'
import {
  type BpfObject,
  FUNCTION_SECTION,
  type FunctionSpec,
  type MachineCode,
  type MapSpec,
  type ProgramSpec,
} from './object.ts'

/** Declarations that a module may do without. */
export interface ObjectParts {
  /** Reached by some program; callers first. */
  readonly functions?: readonly FunctionUnit[] | undefined
  readonly sections?: readonly GlobalSection[] | undefined
}

export function buildObject(
  module: Module,
  code: ReadonlyMap<ProgramDecl | FunctionDecl, MachineCode>,
  { functions: units = [], sections = [] }: ObjectParts = {},
): BpfObject {
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
  const coreRecord = writeCoreTypes(
    writer,
    table,
    [...code.values()].flatMap((machineCode) => (machineCode.core ?? []).map(({ query }) => query)),
  )
  const coreOf = (machineCode: MachineCode) =>
    machineCode.core?.length
      ? { coreRelocations: machineCode.core.map(({ slot, query }) => ({ slot, ...coreRecord(query) })) }
      : {}
  const globals = writeGlobals(writer, table, sections)
  const codeOf = (decl: ProgramDecl | FunctionDecl): MachineCode => {
    const machineCode = code.get(decl)
    invariant(machineCode !== undefined, `object: no code for ${decl.name}`)
    return machineCode
  }
  const called = new Set(
    [...code.values()].flatMap(({ references = [] }) => references.map((reference) => reference.function)),
  )
  writeKfuncs(
    writer,
    table,
    (module.kfuncs ?? []).filter(({ name }) => called.has(name)),
  )
  const programs = module.programs.map((program) => ({
    ...programSpec(program, codeOf(program), writeProgramType(program, writer, table)),
    ...coreOf(codeOf(program)),
  }))
  const functions = units.map((unit) => ({
    ...functionSpec(unit, codeOf(unit.decl), writeFunctionType(unit, writer, table)),
    ...coreOf(codeOf(unit.decl)),
  }))
  // Texts that .BTF.ext will refer to.
  for (const { section } of programs) writer.string(section)
  for (const { access } of [...programs, ...functions].flatMap((part) => part.coreRelocations ?? []))
    writer.string(access)
  if (functions.length > 0) writer.string(FUNCTION_SECTION)
  for (const { file, text } of [...programs, ...functions].flatMap(({ lines }) => lines)) {
    writer.string(file)
    writer.string(text)
  }
  return {
    license: module.license,
    maps: [...maps, ...globals.maps],
    programs,
    ...(functions.length > 0 && { functions }),
    ...(globals.variables.length > 0 && { variables: globals.variables }),
    btf: writer.finish(),
  }
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
    ...(map.inner && { inner: { ...mapSpec(map.inner, table), name: `${map.name}.inner` } }),
    ...(map.slots && { slots: map.slots }),
  }
}

/** The other kinds have no types of the program's own, or the kernel takes no BTF for them. */
const TYPED_HANDLES: ReadonlySet<MapTypeRow['handle']> = new Set([
  'array',
  'hash',
  'perCpuArray',
  'perCpuHash',
  'lpm',
] as const)

/**
 * Types for the kernel's `map_check_btf`: both or none, since a value type alone is refused; an untyped side becomes
 * bytes. Array keys must be 4-byte integers (array_map_check_btf), LPM keys structs (trie_check_btf), those of local
 * storage `int` (bpf_local_storage_map_check_btf).
 */
function mapTypes(map: MapDecl): { key: Type; value: Type } | undefined {
  const row: MapTypeRow = MAP_TYPES[map.type]
  if (row.handle === 'storage') return { key: i32, value: map.valueType ?? bytes(map.valueSize) }
  if (!TYPED_HANDLES.has(row.handle)) return undefined
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
function writeProgramType(program: ProgramDecl, writer: BtfWriter, table: BtfTypeTable): BtfTypeId {
  const { context: name } = programTypeRow(program.type)
  const context: ContextRow | undefined = name && CONTEXTS[name]
  const params = [{ name: 'ctx', type: table.contextPointer(context) }]
  const type = table.add({ kind: 'funcProto', name: '', returnType: table.idOf(i32), params })
  return writer.add({ kind: 'func', name: program.name, type, linkage: 'global' })
}

/**
 * `static`: the verifier follows each call with what it passes, pointers included; a global function would be verified
 * on its own, from its types (btf_prepare_func_args, kernel/bpf/btf.c, 6.18).
 */
function writeFunctionType({ decl, typing }: FunctionUnit, writer: BtfWriter, table: BtfTypeTable): BtfTypeId {
  const params = decl.params.map((param) => {
    const type = localType(typing, param)
    return { name: toKernelName(param.name), type: type.kind === 'int' ? table.idOf(type) : table.pointerTo(0) }
  })
  const type = table.add({ kind: 'funcProto', name: '', returnType: table.idOf(decl.result), params })
  return writer.add({ kind: 'func', name: decl.name, type, linkage: 'static' })
}

function functionSpec({ decl }: FunctionUnit, code: MachineCode, btfFuncId: BtfTypeId): FunctionSpec {
  const { insns, relocations, references, lines, stackSize } = code
  return { name: decl.name, insns, relocations, references, lines, stackSize, btfFuncId }
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
    ...(code.references && code.references.length > 0 && { references: code.references }),
    lines: code.lines,
    stackSize: code.stackSize,
    btfFuncId,
  }
}
