/**
 * Writes an object as ELF: one section per distinct program section (several programs may share one, in order), `.maps`,
 * `license`, `.BTF`, `.BTF.ext`. What libbpf 1.x, bpftool and llvm-objdump read.
 *
 *   in:  `BpfObject` with unique names
 *   out: bytes; equal objects give equal bytes
 */
import { encodeInsns } from '../bpf/encode.ts'
import { type Insn, slotsOf } from '../bpf/insn.ts'
import { dataSectionName } from '../btf/data-maps.ts'
import { type BtfExt, writeBtfExt } from '../btf/ext.ts'
import { MAPS_SECTION, type MapPlace, mapPlaces } from '../btf/maps.ts'
import { type Btf, readBtf } from '../btf/reader.ts'
import { invariant } from '../diag/diagnostic.ts'
import type { ElfRelocation, ElfSection, ElfSymbol } from '../elf/format.ts'
import { R_BPF, SHF, SHT, STB, STT } from '../elf/format.ts'
import { writeElf } from '../elf/writer.ts'
import { textOffset } from './ext-info.ts'
import { type BpfObject, type ProgramSpec, slotCount } from './object.ts'

const SLOT = 8

/** A program with its place in the section that it shares. */
interface Placed {
  readonly program: ProgramSpec
  /** Bytes from the start of the section. */
  readonly offset: number
}

type PlacedBySection = ReadonlyMap<string, readonly Placed[]>

export function toElf(object: BpfObject): Uint8Array {
  const placed = placePrograms(object.programs)
  const btf = object.btf && readBtf(object.btf)
  const places = btf ? mapPlaces(btf) : new Map<string, MapPlace>()
  const sections: ElfSection[] = []
  const symbols: ElfSymbol[] = []
  const mapSymbols = new Map<string, number>()

  // Programs are in the first sections, then the maps: all those that are looked up in one, the others in one each.
  const mapsEnd = Math.max(0, ...[...places.values()].map((place) => place.offset + place.size))
  const dataMaps = object.maps.filter((map) => !places.has(map.name))
  const firstData = placed.size + (mapsEnd > 0 ? 1 : 0)
  for (const map of object.maps) {
    const place = places.get(map.name)
    invariant(place ?? btf?.find('datasec', dataSectionName(map.name)), `object: the BTF defines no map ${map.name}`)
    mapSymbols.set(map.name, symbols.length)
    symbols.push(
      globalSymbol(
        map.name,
        STT.OBJECT,
        place
          ? { section: placed.size, value: place.offset, size: place.size }
          : { section: firstData + dataMaps.indexOf(map), value: 0, size: map.valueSize },
      ),
    )
  }
  for (const [name, programs] of placed) {
    for (const { program, offset } of programs)
      symbols.push(
        globalSymbol(program.name, STT.FUNC, {
          section: sections.length,
          value: offset,
          size: slotCount(program) * SLOT,
        }),
      )
    sections.push(codeSection(name, programs, mapSymbols))
  }
  if (mapsEnd > 0) sections.push(dataSection(MAPS_SECTION, new Uint8Array(mapsEnd), 8))
  for (const map of dataMaps) sections.push(dataSection(dataSectionName(map.name), new Uint8Array(map.valueSize), 8))
  const license = new TextEncoder().encode(`${object.license}\0`)
  // Local, so that it can never clash with a name of the program.
  symbols.push({
    name: '_license',
    section: sections.length,
    value: 0,
    size: license.length,
    type: STT.OBJECT,
    binding: STB.LOCAL,
  })
  sections.push(dataSection('license', license, 1))
  if (object.btf && btf) sections.push(...btfSections(object.btf, btf, placed))
  return writeElf({ sections, symbols })
}

function placePrograms(programs: readonly ProgramSpec[]): PlacedBySection {
  const placed = new Map<string, Placed[]>()
  for (const program of programs) {
    const list = placed.get(program.section) ?? []
    const last = list.at(-1)
    list.push({ program, offset: last === undefined ? 0 : last.offset + slotCount(last.program) * SLOT })
    placed.set(program.section, list)
  }
  return placed
}

function codeSection(name: string, programs: readonly Placed[], mapSymbols: ReadonlyMap<string, number>): ElfSection {
  const relocations = programs.flatMap(({ program, offset }) =>
    program.relocations.map((relocation): ElfRelocation => {
      const symbol = mapSymbols.get(relocation.map)
      invariant(symbol !== undefined, `object: program ${program.name} uses the unknown map ${relocation.map}`)
      return { offset: offset + relocation.slot * SLOT, type: R_BPF.BITS_64_64, symbol }
    }),
  )
  const data = encodeInsns(programs.flatMap(({ program }) => unresolved(program)))
  return { name, type: SHT.PROGBITS, flags: SHF.ALLOC | SHF.EXECINSTR, align: 8, data, size: data.length, relocations }
}

/**
 * In ELF an instruction that a relocation will change says nothing of the map yet, as clang writes it; the offset of an
 * address is in its first half.
 */
function unresolved(program: ProgramSpec): Insn[] {
  const relocated = new Map(program.relocations.map((relocation) => [relocation.slot, relocation]))
  let slot = 0
  return program.insns.map((insn) => {
    const relocation = relocated.get(slot)
    slot += slotsOf(insn)
    if (!relocation) return insn
    return { ...insn, src: 0, imm: relocation.kind === 'mapValue' ? relocation.offset : 0, immHigh: 0 }
  })
}

function dataSection(name: string, data: Uint8Array, align: number): ElfSection {
  return { name, type: SHT.PROGBITS, flags: SHF.ALLOC | SHF.WRITE, align, data, size: data.length, relocations: [] }
}

function btfSections(bytes: Uint8Array, btf: Btf, placed: PlacedBySection): ElfSection[] {
  const ext = writeBtfExt(extOf(placed), (text) => textOffset(btf, text))
  const plain = { type: SHT.PROGBITS, flags: 0, align: 4, relocations: [] }
  return [
    { name: '.BTF', data: bytes, size: bytes.length, ...plain },
    { name: '.BTF.ext', data: ext, size: ext.length, ...plain },
  ]
}

function extOf(placed: PlacedBySection): BtfExt {
  const all = [...placed.values()].flat()
  return {
    funcs: all.flatMap(({ program, offset }) =>
      program.btfFuncId === undefined ? [] : [{ section: program.section, offset, typeId: program.btfFuncId }],
    ),
    lines: all.flatMap(({ program, offset }) =>
      program.lines.map(({ slot, ...line }) => ({ section: program.section, offset: offset + slot * SLOT, ...line })),
    ),
    core: all.flatMap(({ program, offset }) =>
      (program.coreRelocations ?? []).map(({ slot, ...relocation }) => ({
        section: program.section,
        offset: offset + slot * SLOT,
        ...relocation,
      })),
    ),
  }
}

function globalSymbol(name: string, type: number, place: Pick<ElfSymbol, 'section' | 'value' | 'size'>): ElfSymbol {
  return { name, type, binding: STB.GLOBAL, ...place }
}
