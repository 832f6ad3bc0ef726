/**
 * Reads an ELF64 relocatable file for BPF.
 *
 *   in:  untrusted bytes
 *   out: `ElfFile`; whatever is truncated, corrupt or for another machine is `Abort('bad-object')`
 *
 * Debug sections are left out with their relocations: nothing here reads DWARF.
 */
import { plainBytes } from '../bytes/plain.ts'
import { ByteReader, badObject } from '../bytes/reader.ts'
import type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from './format.ts'
import {
  ELF_CLASS_64,
  ELF_DATA_LITTLE,
  ELF_HEADER_SIZE,
  EM_BPF,
  ET_REL,
  REL_SIZE,
  SECTION_HEADER_SIZE,
  SHN,
  SHT,
  SYMBOL_SIZE,
} from './format.ts'

interface Header {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly offset: number
  readonly size: number
  readonly link: number
  readonly info: number
  readonly align: number
}

export function readElf(bytes: Uint8Array): ElfFile {
  const reader = new ByteReader(plainBytes(bytes), 'the ELF file')
  checkIdentity(reader)
  const headers = readSectionHeaders(reader)

  // Numbers of sections in ELF to positions in the model.
  const kept = headers.flatMap((header, i) => (isContent(header) ? [i] : []))
  const positionOf = new Map(kept.map((number, position) => [number, position]))
  const symtab = headers.findIndex((header) => header.type === SHT.SYMTAB)
  const symbols = symtab < 0 ? [] : readSymbols(reader, headers, symtab, positionOf)
  const relocations = readRelocations(reader, headers, symtab, symbols.length)
  const sections = kept.map((number): ElfSection => {
    const { name, type, flags, align, size } = headers[number]!
    const data = type === SHT.NOBITS ? new Uint8Array(0) : contentOf(reader, headers[number]!)
    for (const rel of relocations.get(number) ?? [])
      if (rel.offset >= size)
        throw badObject(`section ${name} is corrupt: a relocation at byte ${rel.offset} of ${size}`)
    return { name, type, flags, align, data, size, relocations: relocations.get(number) ?? [] }
  })
  return { sections, symbols }
}

function isContent(header: Header): boolean {
  return (header.type === SHT.PROGBITS || header.type === SHT.NOBITS) && !header.name.startsWith('.debug_')
}

function checkIdentity(reader: ByteReader): void {
  if (reader.size < 4 || reader.u32(0) !== 0x464c457f)
    throw badObject('not an ELF file: the first bytes are not \\x7fELF')
  reader.need(0, ELF_HEADER_SIZE)
  if (reader.u8(4) !== ELF_CLASS_64) throw badObject('a 32-bit ELF file; BPF objects are 64-bit')
  if (reader.u8(5) !== ELF_DATA_LITTLE)
    throw badObject(
      'a big-endian object (bpfeb), which this version cannot read or run',
      'compile for the target bpfel',
    )
  const machine = reader.u16(18)
  if (machine !== EM_BPF) throw badObject(`an ELF file for machine ${machine}; BPF is ${EM_BPF}`)
  const type = reader.u16(16)
  if (type !== ET_REL)
    throw badObject(`an ELF file of type ${type}; BPF objects are relocatable files (type ${ET_REL})`)
}

function readSectionHeaders(reader: ByteReader): Header[] {
  const start = reader.offset64(40)
  const entrySize = reader.u16(58)
  const count = reader.u16(60)
  const namesIndex = reader.u16(62)
  if (count === 0) throw badObject('the ELF file has no sections')
  if (entrySize !== SECTION_HEADER_SIZE)
    throw badObject(`the ELF file is corrupt: section headers of ${entrySize} bytes`)
  reader.need(start, count * SECTION_HEADER_SIZE)
  const raw = Array.from({ length: count }, (_, i) => readSectionHeader(reader, start + i * SECTION_HEADER_SIZE))
  const names = raw[namesIndex]
  if (names === undefined || names.type !== SHT.STRTAB)
    throw badObject(`the ELF file is corrupt: section ${namesIndex} does not hold the section names`)
  const strings = new ByteReader(contentOf(reader, { ...names, name: '.shstrtab' }), 'the ELF section names')
  return raw.map((header) => ({ ...header, name: header.type === SHT.NULL ? '' : strings.string(header.nameOffset) }))
}

function readSectionHeader(reader: ByteReader, at: number) {
  return {
    nameOffset: reader.u32(at),
    type: reader.u32(at + 4),
    flags: reader.offset64(at + 8),
    offset: reader.offset64(at + 24),
    size: reader.offset64(at + 32),
    link: reader.u32(at + 40),
    info: reader.u32(at + 44),
    align: reader.offset64(at + 48),
  }
}

function contentOf(reader: ByteReader, header: Header): Uint8Array {
  if (header.offset + header.size > reader.size)
    throw badObject(
      `the ELF file is truncated: section ${header.name} ends at byte ${header.offset + header.size} of ${reader.size}`,
    )
  return reader.slice(header.offset, header.size)
}

/** Content of a table section, whose size must be whole records. */
function tableOf(reader: ByteReader, header: Header, recordSize: number): ByteReader {
  if (header.size % recordSize !== 0)
    throw badObject(`section ${header.name} is corrupt: ${header.size} bytes are no whole records of ${recordSize}`)
  return new ByteReader(contentOf(reader, header), `section ${header.name}`)
}

function readSymbols(
  reader: ByteReader,
  headers: readonly Header[],
  symtab: number,
  positionOf: ReadonlyMap<number, number>,
): ElfSymbol[] {
  const header = headers[symtab]!
  const table = tableOf(reader, header, SYMBOL_SIZE)
  const names = headers[header.link]
  if (names === undefined || names.type !== SHT.STRTAB)
    throw badObject('the ELF file is corrupt: the symbols have no string section')
  const strings = new ByteReader(contentOf(reader, names), 'the ELF symbol names')
  // ELF's symbol 0 is the null symbol, which the model leaves out.
  return Array.from({ length: Math.max(0, table.size / SYMBOL_SIZE - 1) }, (_, i): ElfSymbol => {
    const at = (i + 1) * SYMBOL_SIZE
    const info = table.u8(at + 4)
    const section = table.u16(at + 6)
    if (section < SHN.LORESERVE && section >= headers.length)
      throw badObject(`the ELF file is corrupt: a symbol of section ${section}, there are ${headers.length}`)
    return {
      name: strings.string(table.u32(at)),
      section: positionOf.get(section),
      value: table.offset64(at + 8),
      size: table.offset64(at + 16),
      type: info & 0xf,
      binding: info >>> 4,
    }
  })
}

/** Relocations by the number of the section that they change. */
function readRelocations(
  reader: ByteReader,
  headers: readonly Header[],
  symtab: number,
  symbolCount: number,
): Map<number, ElfRelocation[]> {
  const result = new Map<number, ElfRelocation[]>()
  for (const header of headers) {
    if (header.type !== SHT.REL && header.type !== SHT.RELA) continue
    const target = headers[header.info]
    if (target === undefined) throw badObject(`section ${header.name} is corrupt: it relocates no section`)
    if (!isContent(target)) continue
    if (header.type === SHT.RELA) throw badObject(`section ${header.name}: BPF objects have no RELA relocations`)
    if (header.link !== symtab) throw badObject(`section ${header.name} is corrupt: its symbols are not .symtab`)
    const table = tableOf(reader, header, REL_SIZE)
    const list = result.get(header.info) ?? []
    for (let at = 0; at < table.size; at += REL_SIZE) {
      const symbol = table.u32(at + 12) - 1
      if (symbol < 0 || symbol >= symbolCount)
        throw badObject(`section ${header.name} is corrupt: symbol ${symbol + 1} does not exist`)
      list.push({ offset: table.offset64(at), type: table.u32(at + 8), symbol })
    }
    result.set(header.info, list)
  }
  return result
}
