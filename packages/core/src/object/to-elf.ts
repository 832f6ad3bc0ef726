/**
 * Writes an object as ELF: one section per distinct program section (several programs may share one, in order), `.text`
 * with the functions that programs call, `.maps`, data sections, `license`, `.BTF`, `.BTF.ext`. What libbpf 1.x, bpftool
 * and llvm-objdump read.
 *
 *   in:  `BpfObject` with unique names
 *   out: bytes; equal objects give equal bytes
 */
import { encodeInsns } from '../bpf/encode.ts'
import { type Insn, PSEUDO, slotsOf } from '../bpf/insn.ts'
import { dataSectionName } from '../btf/data-maps.ts'
import { type BtfExt, writeBtfExt } from '../btf/ext.ts'
import { MAPS_SECTION, type MapPlace, mapPlaces } from '../btf/maps.ts'
import { type Btf, readBtf } from '../btf/reader.ts'
import { invariant } from '../diag/diagnostic.ts'
import type { ElfRelocation, ElfSection, ElfSymbol } from '../elf/format.ts'
import { R_BPF, SHF, SHT, STB, STT } from '../elf/format.ts'
import { writeElf } from '../elf/writer.ts'
import { textOffset } from './ext-info.ts'
import {
  type BpfObject,
  FUNCTION_SECTION,
  type FunctionReference,
  type FunctionSpec,
  type MapSpec,
  type ProgramSpec,
  slotCount,
} from './object.ts'

const SLOT = 8

/** A program or function with its place in the section that it shares. */
interface Placed {
  readonly code: ProgramSpec | FunctionSpec
  readonly section: string
  /** Bytes from the start of the section. */
  readonly offset: number
}

type PlacedBySection = ReadonlyMap<string, readonly Placed[]>

/** The file while it grows; a symbol is referred to by its number. */
class Draft {
  readonly sections: ElfSection[] = []
  readonly symbols: ElfSymbol[] = []
  readonly #byName = new Map<string, number>()

  /** Number of the next section. */
  get next(): number {
    return this.sections.length
  }

  /** `key`: what relocations call the symbol, when they refer to it. */
  symbol(symbol: ElfSymbol, key?: string): void {
    if (key !== undefined) this.#byName.set(key, this.symbols.length)
    this.symbols.push(symbol)
  }

  numberOf(key: string): number {
    const found = this.#byName.get(key)
    invariant(found !== undefined, `object: there is no symbol for ${key}`)
    return found
  }
}

const mapKey = (name: string): string => `map ${name}`
const programKey = (name: string): string => `program ${name}`

export function toElf(object: BpfObject): Uint8Array {
  const placed = placeCode(object)
  const btf = object.btf && readBtf(object.btf)
  const draft = new Draft()
  // Code is in the first sections, and its relocations need the symbols of what follows: numbers are known beforehand.
  addDataSymbols(draft, object, { btf, first: placed.size })
  addFunctionSymbols(draft, placed)
  for (const name of placed.keys()) draft.sections.push(codeSection(draft, name, placed))
  addDataSections(draft, object, btf)
  const license = new TextEncoder().encode(`${object.license}\0`)
  // Local, so that it can never clash with a name of the program.
  const place = { section: draft.next, value: 0, size: license.length }
  draft.symbol({ name: '_license', ...place, type: STT.OBJECT, binding: STB.LOCAL })
  draft.sections.push(dataSection('license', license, 1))
  if (object.btf && btf) draft.sections.push(...btfSections(object.btf, btf, placed))
  return writeElf(draft)
}

function placeCode({ programs, functions = [] }: BpfObject): PlacedBySection {
  const placed = new Map<string, Placed[]>()
  const place = (section: string, code: Placed['code']) => {
    const list = placed.get(section) ?? []
    const last = list.at(-1)
    list.push({ code, section, offset: last === undefined ? 0 : last.offset + slotCount(last.code) * SLOT })
    placed.set(section, list)
  }
  for (const program of programs) place(program.section, program)
  for (const fn of functions) place(FUNCTION_SECTION, fn)
  return placed
}

// --- maps and data

/** Maps that are looked up share a section; the others, and global variables, have sections of their own. */
function sectionMaps(object: BpfObject, btf: Btf | undefined) {
  const places = btf ? mapPlaces(btf) : new Map<string, MapPlace>()
  const end = Math.max(0, ...[...places.values()].map((place) => place.offset + place.size))
  return { places, end, own: object.maps.filter((map) => !places.has(map.name)) }
}

function addDataSymbols(
  draft: Draft,
  object: BpfObject,
  { btf, first }: { btf: Btf | undefined; first: number },
): void {
  const { places, end, own } = sectionMaps(object, btf)
  const firstOwn = first + (end > 0 ? 1 : 0)
  for (const map of object.maps) {
    const place = places.get(map.name)
    if (place) {
      const { offset: value, size } = place
      draft.symbol(globalSymbol(map.name, STT.OBJECT, { section: first, value, size }), mapKey(map.name))
      continue
    }
    const section = firstOwn + own.indexOf(map)
    if (map.data) {
      // Variables are addressed from the start of their section, as compilers of C do for static ones.
      draft.symbol(sectionSymbol(section), mapKey(map.name))
      continue
    }
    invariant(btf?.find('datasec', dataSectionName(map.name)), `object: the BTF defines no map ${map.name}`)
    draft.symbol(globalSymbol(map.name, STT.OBJECT, { section, value: 0, size: map.valueSize }), mapKey(map.name))
  }
  for (const { name, map, offset: value, size } of object.variables ?? []) {
    const section = firstOwn + own.findIndex((each) => each.name === map)
    draft.symbol(globalSymbol(name, STT.OBJECT, { section, value, size }))
  }
}

function sectionSymbol(section: number): ElfSymbol {
  return { name: '', section, value: 0, size: 0, type: STT.SECTION, binding: STB.LOCAL }
}

function addDataSections(draft: Draft, object: BpfObject, btf: Btf | undefined): void {
  const { places, end, own } = sectionMaps(object, btf)
  if (end > 0) {
    const relocations = object.maps.flatMap((map) => slotRelocations(draft, map, places.get(map.name)))
    draft.sections.push({ ...dataSection(MAPS_SECTION, new Uint8Array(end), 8), relocations })
  }
  for (const map of own) draft.sections.push(ownSection(map))
}

/** First entries of a map of maps or programs: pointers behind its definition (bpf_object__collect_map_relos, libbpf). */
function slotRelocations(draft: Draft, { name, inner, slots = [] }: MapSpec, place: MapPlace | undefined) {
  return slots.flatMap((target, i): ElfRelocation[] => {
    if (target === undefined) return []
    invariant(place?.values !== undefined, `object: the BTF has no entries of map ${name}`)
    const symbol = draft.numberOf(inner ? mapKey(target) : programKey(target))
    return [{ offset: place.offset + place.values + i * SLOT, type: R_BPF.ABS64, symbol }]
  })
}

function ownSection({ name, valueSize, data }: MapSpec): ElfSection {
  if (!data) return dataSection(dataSectionName(name), new Uint8Array(valueSize), 8)
  const { section, content, frozen } = data
  if (/^\.bss(\.|$)/.test(section))
    return { ...dataSection(section, new Uint8Array(0), 8), type: SHT.NOBITS, size: content.length }
  return { ...dataSection(section, content, 8), flags: frozen ? SHF.ALLOC : SHF.ALLOC | SHF.WRITE }
}

function dataSection(name: string, data: Uint8Array, align: number): ElfSection {
  return { name, type: SHT.PROGBITS, flags: SHF.ALLOC | SHF.WRITE, align, data, size: data.length, relocations: [] }
}

// --- code

/** Functions are static: instructions refer to their section and say where in it they are, as clang does. */
function addFunctionSymbols(draft: Draft, placed: PlacedBySection): void {
  for (const [section, [name, parts]] of [...placed].entries()) {
    const isFunction = name === FUNCTION_SECTION
    for (const { code, offset: value } of parts) {
      const symbol = globalSymbol(code.name, STT.FUNC, { section, value, size: slotCount(code) * SLOT })
      if (isFunction) draft.symbol({ ...symbol, binding: STB.LOCAL })
      else draft.symbol(symbol, programKey(code.name))
    }
    draft.symbol(sectionSymbol(section), isFunction ? FUNCTION_SECTION : undefined)
  }
}

function codeSection(draft: Draft, name: string, placed: PlacedBySection): ElfSection {
  const parts = placed.get(name)!
  const functions = new Map(placed.get(FUNCTION_SECTION)?.map(({ code, offset }) => [code.name, offset]))
  const relocations = parts.flatMap(({ code, offset }) => relocationsOf(draft, code, offset))
  const data = encodeInsns(parts.flatMap(({ code }) => unresolved(code, functions)))
  return { name, type: SHT.PROGBITS, flags: SHF.ALLOC | SHF.EXECINSTR, align: 8, data, size: data.length, relocations }
}

function relocationsOf(draft: Draft, code: Placed['code'], start: number): ElfRelocation[] {
  const data = code.relocations.map(
    ({ slot, map }): ElfRelocation => ({
      offset: start + slot * SLOT,
      type: R_BPF.BITS_64_64,
      symbol: draft.numberOf(mapKey(map)),
    }),
  )
  const functions = (code.references ?? []).map(
    ({ kind, slot, function: name }): ElfRelocation => ({
      offset: start + slot * SLOT,
      type: kind === 'address' ? R_BPF.BITS_64_64 : R_BPF.CALL_64_32,
      symbol: kind === 'kfunc' ? externSymbol(draft, name) : draft.numberOf(FUNCTION_SECTION),
    }),
  )
  return [...data, ...functions].sort((a, b) => a.offset - b.offset)
}

/** A function of the kernel: an undefined symbol, described in the BTF's `.ksyms`. */
function externSymbol(draft: Draft, name: string): number {
  const known = draft.symbols.findIndex((symbol) => symbol.name === name && symbol.section === undefined)
  if (known >= 0) return known
  draft.symbol({ name, section: undefined, value: 0, size: 0, type: STT.NOTYPE, binding: STB.GLOBAL })
  return draft.symbols.length - 1
}

/**
 * In ELF an instruction that a relocation will change says nothing of its target yet, as clang writes it; the offset of
 * an address is in its first half.
 */
function unresolved(code: Placed['code'], functions: ReadonlyMap<string, number>): Insn[] {
  const relocated = new Map(code.relocations.map((relocation) => [relocation.slot, relocation]))
  const referring = new Map((code.references ?? []).map((reference) => [reference.slot, reference]))
  let slot = 0
  return code.insns.map((insn) => {
    const relocation = relocated.get(slot)
    const reference = referring.get(slot)
    slot += slotsOf(insn)
    if (reference) return unresolvedReference(insn, reference.kind, functions.get(reference.function) ?? 0)
    if (!relocation) return insn
    return { ...insn, src: 0, imm: relocation.kind === 'mapValue' ? relocation.offset : 0, immHigh: 0 }
  })
}

/** An address counts bytes, a call instructions; a kernel function looks like one of the object until it is found. */
function unresolvedReference(insn: Insn, kind: FunctionReference['kind'], offset: number): Insn {
  if (kind === 'address') return { ...insn, src: 0, imm: offset, immHigh: 0 }
  return { ...insn, src: PSEUDO.CALL, imm: kind === 'call' ? offset / SLOT - 1 : -1 }
}

// --- BTF

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
    funcs: all.flatMap(({ code, section, offset }) =>
      code.btfFuncId === undefined ? [] : [{ section, offset, typeId: code.btfFuncId }],
    ),
    lines: all.flatMap(({ code, section, offset }) =>
      code.lines.map(({ slot, ...line }) => ({ section, offset: offset + slot * SLOT, ...line })),
    ),
    core: all.flatMap(({ code, section, offset }) =>
      (code.coreRelocations ?? []).map(({ slot, ...relocation }) => ({
        section,
        offset: offset + slot * SLOT,
        ...relocation,
      })),
    ),
  }
}

function globalSymbol(name: string, type: number, place: Pick<ElfSymbol, 'section' | 'value' | 'size'>): ElfSymbol {
  return { name, type, binding: STB.GLOBAL, ...place }
}
