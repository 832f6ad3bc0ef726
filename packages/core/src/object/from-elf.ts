/**
 * Reads an object from ELF: what `to-elf` writes, and what clang and libbpf's linker write.
 *
 *   in:  untrusted bytes
 *   out: `BpfObject`; whatever is corrupt or not supported (legacy `maps`, external symbols, big-endian) is
 *        `Abort('bad-object')` that says so
 */
import { dataSectionName, readDataMaps } from '../btf/data-maps.ts'
import { readBtfExt } from '../btf/ext.ts'
import { MAPS_SECTION, readMapDefinitions } from '../btf/maps.ts'
import { placeVariables, type SectionVariables } from '../btf/place-variables.ts'
import { readBtf } from '../btf/reader.ts'
import { badObject } from '../bytes/reader.ts'
import { Abort } from '../diag/diagnostic.ts'
import type { ElfFile, ElfSection, ElfSymbol } from '../elf/format.ts'
import { SHF, SHT } from '../elf/format.ts'
import { readElf } from '../elf/reader.ts'
import { matchSection } from '../tables/sections.ts'
import { type BpfObject, FUNCTION_SECTION, type FunctionSpec, type MapSpec, type ProgramSpec } from './object.ts'
import { functionsIn, readCode, type Source } from './read-code.ts'
import { readDataSections, readVariables } from './read-data.ts'
import { readExterns } from './read-externs.ts'
import { readSlots } from './read-slots.ts'

/** `name` is what messages call the object (a path). */
export function fromElf(bytes: Uint8Array, name?: string): BpfObject {
  try {
    return readObject(bytes)
  } catch (error) {
    if (name === undefined || !(error instanceof Abort)) throw error
    throw badObject(`${name}: ${error.message}`, error.diagnostic.hint)
  }
}

function readObject(bytes: Uint8Array): BpfObject {
  const elf = readElf(bytes)
  if (sectionNamed(elf, 'maps'))
    throw badObject(
      'map definitions in a section `maps` are the legacy form, which libbpf 1.0 removed',
      'define the maps in SEC(".maps") with BTF',
    )
  const btfData = sectionNamed(elf, '.BTF')?.data
  const btfBytes = btfData && placeVariables(btfData, (section) => variablesOf(elf, section))
  const btf = btfBytes && readBtf(btfBytes)
  const extBytes = sectionNamed(elf, '.BTF.ext')?.data
  const ext = btf && extBytes ? readBtfExt(extBytes, btf) : { funcs: [], lines: [], core: [] }
  const defined = btf ? readSlots(elf, btf, readMapDefinitions(btf)) : []
  if (defined.length === 0 && (sectionNamed(elf, MAPS_SECTION)?.data.length ?? 0) > 0)
    throw badObject(`the object has a section ${MAPS_SECTION} but no BTF that describes it`, 'compile with -g')
  const direct = btf ? readDataMaps(btf).filter((map) => isZeroed(elf, map)) : []
  const sections = readDataSections(elf, btf, new Set(direct.map((map) => dataSectionName(map.name))))
  const externs = readExterns(elf, btf)
  const maps = [...defined, ...direct, ...sections, ...(externs.map ? [externs.map] : [])]
  const source: Source = { elf, maps, btf, ext, externs }
  const programs: ProgramSpec[] = []
  const functions: FunctionSpec[] = []
  for (const [i, section] of elf.sections.entries()) {
    if (!isCode(section)) continue
    for (const symbol of functionsIn(elf, i)) {
      if (section.name === FUNCTION_SECTION) functions.push({ name: symbol.name, ...readCode(source, section, symbol) })
      else programs.push(readProgram(source, section, symbol))
    }
  }
  refuseDoubles([...programs, ...functions])
  const variables = readVariables(elf, btf, sections)
  return {
    license: readLicense(elf),
    maps,
    programs,
    ...(functions.length > 0 && { functions }),
    ...(variables.length > 0 && { variables }),
    ...(externs.kconfig.length > 0 && { kconfig: externs.kconfig }),
    ...(btfBytes && { btf: btfBytes }),
  }
}

function readProgram(source: Source, section: ElfSection, symbol: ElfSymbol): ProgramSpec {
  const match = matchSection(section.name)
  if (match === undefined)
    throw badObject(`program ${symbol.name}: no program type has sections named \`${section.name}\``)
  return {
    name: symbol.name,
    section: section.name,
    type: match.type,
    attachType: match.entry.attachType,
    attachTarget: match.target,
    ...readCode(source, section, symbol),
  }
}

/** A new map is 0; an initial value would be lost. */
function isZeroed(elf: ElfFile, map: MapSpec): boolean {
  const section = sectionNamed(elf, dataSectionName(map.name))
  return section?.size === map.valueSize && section.data.every((byte) => byte === 0)
}

/** Size of a section and where its symbols are; undefined when there is no such section. */
function variablesOf(elf: ElfFile, name: string): SectionVariables | undefined {
  const index = elf.sections.findIndex((section) => section.name === name)
  const section = elf.sections[index]
  if (section === undefined) return undefined
  const symbols = elf.symbols.filter((symbol) => symbol.section === index)
  return { size: section.size, offsets: new Map(symbols.map((symbol) => [symbol.name, symbol.value])) }
}

function sectionNamed(elf: ElfFile, name: string): ElfSection | undefined {
  return elf.sections.find((section) => section.name === name)
}

function refuseDoubles(programs: readonly { readonly name: string }[]): void {
  const seen = new Set<string>()
  for (const { name } of programs) {
    if (seen.has(name)) throw badObject(`the object has two programs named ${name}`)
    seen.add(name)
  }
}

function isCode(section: ElfSection): boolean {
  const code = section.type === SHT.PROGBITS && (section.flags & SHF.EXECINSTR) !== 0
  return code && section.data.length > 0
}

function readLicense(elf: ElfFile): string {
  const data = sectionNamed(elf, 'license')?.data ?? new Uint8Array(0)
  const end = data.indexOf(0)
  return new TextDecoder().decode(end < 0 ? data : data.subarray(0, end))
}
