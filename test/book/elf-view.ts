/** A second reading of an ELF file, straight from its bytes: the tests of our writer do not lean on our reader. */

export interface Section {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly link: number
  readonly info: number
  readonly entrySize: number
  readonly bytes: Uint8Array
}

export interface ElfSymbol {
  readonly name: string
  readonly type: number
  readonly binding: number
  readonly section: number
}

const text = (bytes: Uint8Array, at: number) => new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)))
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export function sectionsOf(elf: Uint8Array): Section[] {
  const view = viewOf(elf)
  const table = Number(view.getBigUint64(40, true))
  const headers = Array.from({ length: view.getUint16(60, true) }, (_, i) => table + 64 * i)
  const u32 = (at: number) => view.getUint32(at, true)
  const u64 = (at: number) => Number(view.getBigUint64(at, true))
  const content = (at: number) => elf.subarray(u64(at + 24), u64(at + 24) + u64(at + 32))
  const names = content(headers[view.getUint16(62, true)]!)
  return headers.map((at) => ({
    name: text(names, u32(at)),
    type: u32(at + 4),
    flags: u64(at + 8),
    link: u32(at + 40),
    info: u32(at + 44),
    entrySize: u64(at + 56),
    bytes: content(at),
  }))
}

export function symbolsOf(sections: readonly Section[]): ElfSymbol[] {
  const table = sections.find(({ name }) => name === '.symtab')!
  const names = sections[table.link]!.bytes
  const view = viewOf(table.bytes)
  return Array.from({ length: table.bytes.length / 24 }, (_, i) => ({
    name: text(names, view.getUint32(24 * i, true)),
    type: view.getUint8(24 * i + 4) & 15,
    binding: view.getUint8(24 * i + 4) >> 4,
    section: view.getUint16(24 * i + 6, true),
  }))
}

export interface Relocation {
  readonly offset: number
  readonly type: number
  readonly symbol: number
}

export function relocationsOf({ bytes }: Section): Relocation[] {
  const view = viewOf(bytes)
  return Array.from({ length: bytes.length / 16 }, (_, i) => ({
    offset: Number(view.getBigUint64(16 * i, true)),
    type: view.getUint32(16 * i + 8, true),
    symbol: view.getUint32(16 * i + 12, true),
  }))
}
