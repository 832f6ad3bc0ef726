/**
 * `.BTF.ext`: which BTF function an instruction begins (func_info), which source line it came from (line_info), and
 * CO-RE relocations. Records are grouped by ELF section; strings are offsets into `.BTF`.
 *
 *   header  magic ver flags | hdr_len | func off,len | line off,len | core off,len
 *   table   rec_size, then per section: name_off, count, records
 *
 * Offsets of instructions are bytes in the section here, slots when given to the kernel (`object/ext-info.ts`).
 */
import { ByteReader, badObject } from '../bytes/reader.ts'
import { ByteWriter } from '../bytes/writer.ts'
import { CORE_RELOCATION_KINDS, type CoreRelocationKind } from './core-kinds.ts'
import type { Btf } from './reader.ts'
import { BTF_MAGIC, BTF_VERSION } from './types.ts'

const HEADER_SIZE = 32
/** Bytes of `struct bpf_func_info`, `bpf_line_info`, `bpf_core_relo` (include/uapi/linux/bpf.h). */
export const FUNC_INFO_SIZE = 8
export const LINE_INFO_SIZE = 16
const CORE_RELO_SIZE = 16

export interface FuncInfo {
  readonly section: string
  /** Bytes from the start of the section. */
  readonly offset: number
  readonly typeId: number
}

export interface SectionLine {
  readonly section: string
  /** Bytes from the start of the section. */
  readonly offset: number
  readonly file: string
  readonly text: string
  readonly line: number
  readonly column: number
}

/** A CO-RE relocation as in ELF. */
export interface SectionCoreRelocation {
  readonly section: string
  /** Bytes from the start of the section. */
  readonly offset: number
  readonly kind: CoreRelocationKind
  readonly typeId: number
  readonly access: string
}

export interface BtfExt {
  readonly funcs: readonly FuncInfo[]
  readonly lines: readonly SectionLine[]
  readonly core: readonly SectionCoreRelocation[]
}

/** One record as 32-bit words. */
type Words = readonly number[]
type Table = ReadonlyMap<string, readonly Words[]>

/** Position word of line_info: line in the upper 22 bits, column in the lower 10; larger values are clipped. */
export function packLineColumn(line: number, column: number): number {
  return ((Math.min(line, 0x3fffff) << 10) | Math.min(column, 0x3ff)) >>> 0
}

/** `stringAt` gives the offset of a string in `.BTF`. Records of one section must be in ascending order. */
export function writeBtfExt(ext: BtfExt, stringAt: (text: string) => number): Uint8Array {
  const funcs = bySection(ext.funcs, (f) => [f.offset, f.typeId])
  const lines = bySection(ext.lines, (l) => [
    l.offset,
    stringAt(l.file),
    stringAt(l.text),
    packLineColumn(l.line, l.column),
  ])
  const core = bySection(ext.core, (r) => [
    r.offset,
    r.typeId,
    stringAt(r.access),
    CORE_RELOCATION_KINDS.indexOf(r.kind),
  ])
  const tables = [
    tableBytes(funcs, FUNC_INFO_SIZE, stringAt),
    tableBytes(lines, LINE_INFO_SIZE, stringAt),
    // A table of length 0 is one that libbpf and the kernel skip.
    core.size > 0 ? tableBytes(core, CORE_RELO_SIZE, stringAt) : new Uint8Array(0),
  ]
  const out = new ByteWriter()
  out.u16(BTF_MAGIC)
  out.u8(BTF_VERSION)
  out.u8(0)
  out.u32(HEADER_SIZE)
  let offset = 0
  for (const table of tables) {
    out.u32(offset)
    out.u32(table.length)
    offset += table.length
  }
  for (const table of tables) out.raw(table)
  return out.finish()
}

function bySection<T extends { readonly section: string }>(items: readonly T[], words: (item: T) => Words): Table {
  const table = new Map<string, Words[]>()
  for (const item of items) {
    const records = table.get(item.section) ?? []
    records.push(words(item))
    table.set(item.section, records)
  }
  return table
}

function tableBytes(table: Table, recordSize: number, stringAt: (text: string) => number): Uint8Array {
  const out = new ByteWriter()
  out.u32(recordSize)
  for (const [section, records] of table) {
    out.u32(stringAt(section))
    out.u32(records.length)
    for (const record of records) for (const word of record) out.u32(word)
  }
  return out.finish()
}

export function readBtfExt(bytes: Uint8Array, btf: Btf): BtfExt {
  const reader = new ByteReader(bytes, '.BTF.ext')
  if (reader.u16(0) !== BTF_MAGIC || reader.u8(2) !== BTF_VERSION)
    throw badObject('.BTF.ext is corrupt: wrong magic number or version')
  const headerSize = reader.u32(4)
  const table = (at: number, minimum: number) => readTable(reader, btf, { headerSize, at, minimum })
  const funcs = table(8, FUNC_INFO_SIZE).map((r) => ({ section: r.section, offset: r.word(0), typeId: r.word(1) }))
  const lines = table(16, LINE_INFO_SIZE).map((r) => ({
    section: r.section,
    offset: r.word(0),
    file: btf.string(r.word(1)),
    text: btf.string(r.word(2)),
    line: r.word(3) >>> 10,
    column: r.word(3) & 0x3ff,
  }))
  // Objects of compilers before CO-RE have a header of 24 bytes.
  const core = (headerSize >= HEADER_SIZE ? table(24, CORE_RELO_SIZE) : []).map((r) => ({
    section: r.section,
    offset: r.word(0),
    typeId: r.word(1),
    access: btf.string(r.word(2)),
    kind: coreKind(r.word(3)),
  }))
  return { funcs, lines, core }
}

function coreKind(number: number): CoreRelocationKind {
  const kind = CORE_RELOCATION_KINDS[number]
  if (kind === undefined) throw badObject(`.BTF.ext has a CO-RE relocation of kind ${number}, which is not known`)
  return kind
}

interface Record {
  readonly section: string
  word(index: number): number
}

interface TableHead {
  readonly headerSize: number
  /** Where the header has the table's offset and length. */
  readonly at: number
  readonly minimum: number
}

/** A record may be longer than we know (newer compilers append fields); the rest is skipped. */
function readTable(reader: ByteReader, btf: Btf, head: TableHead): Record[] {
  const bytes = reader.slice(head.headerSize + reader.u32(head.at), reader.u32(head.at + 4))
  if (bytes.length === 0) return []
  const table = new ByteReader(bytes, '.BTF.ext')
  const recordSize = table.u32(0)
  if (recordSize < head.minimum) throw badObject(`.BTF.ext is corrupt: records of ${recordSize} bytes`)
  const records: Record[] = []
  for (let at = 4; at < table.size; ) {
    const section = btf.string(table.u32(at))
    const count = table.u32(at + 4)
    table.need(at + 8, count * recordSize)
    for (let i = 0; i < count; i++) {
      const start = at + 8 + i * recordSize
      records.push({ section, word: (index) => table.u32(start + index * 4) })
    }
    at += 8 + count * recordSize
  }
  return records
}
