/**
 * Reads an object from ELF: what `to-elf` writes, and clang's objects of programs that need no more than maps.
 *
 *   in:  untrusted bytes
 *   out: `BpfObject`; whatever is corrupt or not supported (subprograms, global data, legacy `maps`, big-endian)
 *        is `Abort('bad-object')` that says so
 */
import { decodeInsns } from '../bpf/decode.ts'
import { type Insn, LD_IMM64, PSEUDO, slotsOf } from '../bpf/insn.ts'
import { dataSectionName, readDataMaps } from '../btf/data-maps.ts'
import { type BtfExt, readBtfExt } from '../btf/ext.ts'
import { MAPS_SECTION, readMapDefinitions } from '../btf/maps.ts'
import { placeVariables, type SectionVariables } from '../btf/place-variables.ts'
import { type Btf, readBtf } from '../btf/reader.ts'
import { badObject } from '../bytes/reader.ts'
import { Abort } from '../diag/diagnostic.ts'
import type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from '../elf/format.ts'
import { R_BPF, SHF, SHT, STB, STT } from '../elf/format.ts'
import { readElf } from '../elf/reader.ts'
import { matchSection } from '../tables/sections.ts'
import type { BpfObject, CoreRelocation, LineInfo, MapSpec, ProgramSpec, Relocation } from './object.ts'

const SLOT = 8
/** opcode of a call: BPF_JMP | BPF_CALL. */
const CALL = 0x85

/** Everything that reading one program needs. */
interface Source {
  readonly elf: ElfFile
  readonly maps: readonly MapSpec[]
  readonly btf: Btf | undefined
  readonly ext: BtfExt
}

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
  const defined = btf ? readMapDefinitions(btf) : []
  if (defined.length === 0 && (sectionNamed(elf, MAPS_SECTION)?.data.length ?? 0) > 0)
    throw badObject(`the object has a section ${MAPS_SECTION} but no BTF that describes it`, 'compile with -g')
  const maps = btf ? [...defined, ...readDataMaps(btf).filter((map) => isZeroed(elf, map))] : []
  const source: Source = { elf, maps, btf, ext }
  const programs = elf.sections.flatMap((section, i) =>
    isCode(section) ? functionsIn(elf, i).map((symbol) => readProgram(source, section, symbol)) : [],
  )
  refuseDoubles(programs)
  return { license: readLicense(elf), maps, programs, ...(btfBytes && { btf: btfBytes }) }
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

function refuseDoubles(programs: readonly ProgramSpec[]): void {
  const seen = new Set<string>()
  for (const { name } of programs) {
    if (seen.has(name)) throw badObject(`the object has two programs named ${name}`)
    seen.add(name)
  }
}

/** `.text` holds subprograms; one that is called is refused at the call. */
function isCode(section: ElfSection): boolean {
  const code = section.type === SHT.PROGBITS && (section.flags & SHF.EXECINSTR) !== 0
  return code && section.data.length > 0 && section.name !== '.text'
}

function readLicense(elf: ElfFile): string {
  const data = sectionNamed(elf, 'license')?.data ?? new Uint8Array(0)
  const end = data.indexOf(0)
  return new TextDecoder().decode(end < 0 ? data : data.subarray(0, end))
}

/** Functions of a section by address; they must not overlap. */
function functionsIn(elf: ElfFile, section: number): ElfSymbol[] {
  const symbols = elf.symbols.filter((symbol) => symbol.type === STT.FUNC && symbol.section === section)
  symbols.sort((a, b) => a.value - b.value)
  const name = elf.sections[section]!.name
  const size = elf.sections[section]!.data.length
  let end = 0
  for (const symbol of symbols) {
    if (symbol.value % SLOT !== 0 || symbol.size % SLOT !== 0 || symbol.size === 0)
      throw badObject(
        `program ${symbol.name} is corrupt: bytes ${symbol.value} + ${symbol.size} are no whole instructions`,
      )
    if (symbol.value < end || symbol.value + symbol.size > size)
      throw badObject(`program ${symbol.name} is corrupt: it overlaps another one or ends outside section ${name}`)
    if (symbol.binding === STB.LOCAL)
      throw badObject(`function ${symbol.name} in section ${name} is static: subprograms are not supported yet`)
    end = symbol.value + symbol.size
  }
  return symbols
}

function readProgram(source: Source, section: ElfSection, symbol: ElfSymbol): ProgramSpec {
  const match = matchSection(section.name)
  if (match === undefined)
    throw badObject(`program ${symbol.name}: no program type has sections named \`${section.name}\``)
  const insns = decodeInsns(section.data.subarray(symbol.value, symbol.value + symbol.size))
  refuseSubprograms(symbol.name, insns)
  const atSlot = slotIndex(insns)
  const inside = (offset: number) => offset >= symbol.value && offset < symbol.value + symbol.size
  const relocations = section.relocations
    .filter((rel) => inside(rel.offset))
    .map((rel) => readRelocation(source, symbol, rel, atSlot))
  return {
    name: symbol.name,
    section: section.name,
    type: match.type,
    attachType: match.entry.attachType,
    attachTarget: match.target,
    insns: markMapLoads(insns, relocations),
    relocations,
    ...readCore(source.ext, section.name, symbol, atSlot),
    lines: readLines(source.ext, section.name, symbol, atSlot),
    btfFuncId: functionId(source, section.name, symbol),
  }
}

function refuseSubprograms(program: string, insns: readonly Insn[]): void {
  for (const insn of insns)
    if (insn.opcode === CALL && insn.src === PSEUDO.CALL)
      throw badObject(
        `program ${program} calls a subprogram, which is not supported yet`,
        'make it `static __always_inline`',
      )
}

/** Loads of maps are marked as such, which in ELF only the relocation tells; the compiler's own objects have it so. */
function markMapLoads(insns: readonly Insn[], relocations: readonly Relocation[]): Insn[] {
  const relocated = new Map(relocations.map((relocation) => [relocation.slot, relocation]))
  let slot = 0
  return insns.map((insn) => {
    const relocation = relocated.get(slot)
    slot += slotsOf(insn)
    if (!relocation) return insn
    if (relocation.kind === 'map') return { ...insn, src: PSEUDO.MAP_FD }
    return { ...insn, src: PSEUDO.MAP_VALUE, imm: 0, immHigh: relocation.offset }
  })
}

type SlotIndex = ReadonlyMap<number, Insn>

/** Instructions by the slot in which they begin. */
function slotIndex(insns: readonly Insn[]): SlotIndex {
  const index = new Map<number, Insn>()
  let slot = 0
  for (const insn of insns) {
    index.set(slot, insn)
    slot += slotsOf(insn)
  }
  return index
}

function readRelocation(source: Source, program: ElfSymbol, rel: ElfRelocation, atSlot: SlotIndex): Relocation {
  const slot = (rel.offset - program.value) / SLOT
  const place = `program ${program.name}, instruction ${slot}`
  if (rel.type === R_BPF.CALL_64_32) throw badObject(`${place}: calls to other functions are not supported yet`)
  if (rel.type !== R_BPF.BITS_64_64) throw badObject(`${place}: relocation type ${rel.type} is not known`)
  if (atSlot.get(slot)?.opcode !== LD_IMM64)
    throw badObject(`${place} is corrupt: a relocation of something that loads no 64-bit value`)
  const target = source.elf.symbols[rel.symbol]!
  const targetSection = target.section === undefined ? undefined : source.elf.sections[target.section]?.name
  if (targetSection === undefined) throw badObject(`${place}: the external symbol ${target.name} cannot be resolved`)
  const map = source.maps.find((m) => m.name === target.name)
  if (map && targetSection === dataSectionName(map.name)) {
    const offset = atSlot.get(slot)!.imm + target.value
    if (offset < 0 || offset >= map.valueSize)
      throw badObject(`${place} is corrupt: it refers to byte ${offset} of the ${map.valueSize} bytes of ${map.name}`)
    return { kind: 'mapValue', slot, map: map.name, offset }
  }
  if (targetSection !== MAPS_SECTION)
    throw badObject(
      `${place}: global data in section ${targetSection} is not supported yet`,
      'keep constants and state in maps or on the stack',
    )
  if (map === undefined) throw badObject(`${place}: the object defines no map ${target.name}`)
  return { kind: 'map', slot, map: map.name }
}

function readCore(
  ext: BtfExt,
  section: string,
  program: ElfSymbol,
  atSlot: SlotIndex,
): { coreRelocations?: CoreRelocation[] } {
  const inside = ext.core.filter(
    ({ section: where, offset }) =>
      where === section && offset >= program.value && offset < program.value + program.size,
  )
  const coreRelocations = inside.map(({ section: _, offset, ...relocation }) => {
    const slot = (offset - program.value) / SLOT
    if (!atSlot.has(slot))
      throw badObject(
        `.BTF.ext is corrupt: program ${program.name} has a relocation at byte ${offset} where none can be`,
      )
    return { slot, ...relocation }
  })
  return coreRelocations.length > 0 ? { coreRelocations } : {}
}

function readLines(ext: BtfExt, section: string, program: ElfSymbol, atSlot: SlotIndex): LineInfo[] {
  const lines: LineInfo[] = []
  for (const { section: where, offset, ...line } of ext.lines) {
    if (where !== section || offset < program.value || offset >= program.value + program.size) continue
    const slot = (offset - program.value) / SLOT
    if (!atSlot.has(slot) || slot <= (lines.at(-1)?.slot ?? -1))
      throw badObject(`.BTF.ext is corrupt: program ${program.name} has a line at byte ${offset} where none can be`)
    lines.push({ slot, ...line })
  }
  return lines
}

function functionId(source: Source, section: string, program: ElfSymbol): number | undefined {
  const info = source.ext.funcs.find((func) => func.section === section && func.offset === program.value)
  if (info === undefined) return undefined
  if (source.btf?.kindOf(info.typeId) !== 'func')
    throw badObject(`.BTF.ext is corrupt: type ${info.typeId} of program ${program.name} is no function`)
  return info.typeId
}
