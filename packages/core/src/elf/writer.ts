/**
 * Writes an ELF64 relocatable file.
 *
 *   header | sections | .rel* | .symtab | .strtab | .shstrtab | section headers
 *
 * Local symbols come before global ones, as ELF demands, those of sections first; relocations keep pointing at the right
 * symbol.
 */
import { StringTable } from '../bytes/string-table.ts'
import { ByteWriter } from '../bytes/writer.ts'
import type { ElfFile, ElfSymbol } from './format.ts'
import {
  ELF_CLASS_64,
  ELF_DATA_LITTLE,
  ELF_HEADER_SIZE,
  EM_BPF,
  ET_REL,
  REL_SIZE,
  SECTION_HEADER_SIZE,
  SHT,
  STB,
  STT,
  SYMBOL_SIZE,
} from './format.ts'

const SECTION_NAMES = '.shstrtab'

/** A section with its header's fields, as it is laid out. */
interface Placed {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly align: number
  readonly entrySize: number
  readonly link: number
  readonly info: number
  readonly data: Uint8Array
  /** Bytes in memory, when it is not the data's length (`NOBITS`). */
  readonly size?: number
}

export function writeElf(file: ElfFile): Uint8Array {
  const strings = new StringTable()
  const symbols = placeSections(file, strings)
  const placed = [...symbols, stringSection('.strtab', strings)]
  const names = new StringTable()
  for (const { name } of placed) names.add(name)
  names.add(SECTION_NAMES)
  // Complete now: every name has its offset.
  placed.push(stringSection(SECTION_NAMES, names))

  const body = new ByteWriter()
  const offsets = placed.map((section) => {
    body.align(Math.max(1, section.align))
    const offset = ELF_HEADER_SIZE + body.size
    body.raw(section.data)
    return offset
  })
  body.align(8)

  const out = new ByteWriter()
  writeHeader(out, ELF_HEADER_SIZE + body.size, placed.length + 1)
  out.raw(body.finish())
  out.raw(new Uint8Array(SECTION_HEADER_SIZE))
  placed.forEach((section, i) => {
    writeSectionHeader(out, section, { name: names.add(section.name), offset: offsets[i]! })
  })
  return out.finish()
}

/** Content sections, then their relocations, then the symbols. Section numbers in ELF are one higher (0 is null). */
function placeSections(file: ElfFile, strings: StringTable): Placed[] {
  const order = symbolOrder(file.symbols)
  const numberOf = new Map(order.map((symbol, i) => [symbol, i + 1]))
  const relocated = file.sections.flatMap((section, i) => (section.relocations.length > 0 ? [{ section, i }] : []))
  const symtab = file.sections.length + relocated.length + 1
  const plain = { entrySize: 0, link: 0, info: 0 }
  const content = file.sections.map(({ name, type, flags, align, data, size }) => ({
    ...plain,
    name,
    type,
    flags,
    align,
    data,
    size,
  }))
  const relocations = relocated.map(({ section, i }) => {
    const data = new ByteWriter()
    for (const rel of section.relocations) {
      data.u64(rel.offset)
      data.u32(rel.type)
      data.u32(numberOf.get(file.symbols[rel.symbol]!)!)
    }
    return {
      name: `.rel${section.name}`,
      type: SHT.REL,
      flags: 0,
      align: 8,
      entrySize: REL_SIZE,
      link: symtab,
      info: i + 1,
      data: data.finish(),
    }
  })
  const locals = order.filter((symbol) => symbol.binding === STB.LOCAL).length
  const symbols = {
    name: '.symtab',
    type: SHT.SYMTAB,
    flags: 0,
    align: 8,
    entrySize: SYMBOL_SIZE,
    link: symtab + 1,
    info: locals + 1,
    data: symbolBytes(order, strings),
  }
  return [...content, ...relocations, symbols]
}

function symbolOrder(symbols: readonly ElfSymbol[]): ElfSymbol[] {
  const rank = ({ binding, type }: ElfSymbol) => (binding !== STB.LOCAL ? 2 : type !== STT.SECTION ? 1 : 0)
  return [...symbols].sort((a, b) => rank(a) - rank(b))
}

function symbolBytes(symbols: readonly ElfSymbol[], strings: StringTable): Uint8Array {
  const out = new ByteWriter()
  out.raw(new Uint8Array(SYMBOL_SIZE))
  for (const symbol of symbols) {
    out.u32(strings.add(symbol.name))
    out.u8((symbol.binding << 4) | symbol.type)
    out.u8(0)
    out.u16(symbol.section === undefined ? 0 : symbol.section + 1)
    out.u64(symbol.value)
    out.u64(symbol.size)
  }
  return out.finish()
}

function stringSection(name: string, strings: StringTable): Placed {
  const data = strings.finish()
  return { name, type: SHT.STRTAB, flags: 0, align: 1, entrySize: 0, link: 0, info: 0, data }
}

function writeHeader(out: ByteWriter, sectionHeaders: number, count: number): void {
  out.raw(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, ELF_CLASS_64, ELF_DATA_LITTLE, 1, 0))
  out.u64(0)
  out.u16(ET_REL)
  out.u16(EM_BPF)
  out.u32(1)
  out.u64(0)
  out.u64(0)
  out.u64(sectionHeaders)
  out.u32(0)
  out.u16(ELF_HEADER_SIZE)
  out.u16(0)
  out.u16(0)
  out.u16(SECTION_HEADER_SIZE)
  out.u16(count)
  // The names of the sections are in the last one.
  out.u16(count - 1)
}

function writeSectionHeader(out: ByteWriter, section: Placed, at: { name: number; offset: number }): void {
  out.u32(at.name)
  out.u32(section.type)
  out.u64(section.flags)
  out.u64(0)
  out.u64(at.offset)
  out.u64(section.size ?? section.data.length)
  out.u32(section.link)
  out.u32(section.info)
  out.u64(section.align)
  out.u64(section.entrySize)
}
