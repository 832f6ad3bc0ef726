/**
 * Where a function of an ELF program or library lies in its file, which is how the kernel names a uprobe. Reads 64-bit
 * little-endian files; `.symtab` first, since stripped files only have `.dynsym`.
 */
const SHT = { SYMTAB: 2, DYNSYM: 11 } as const
const PT_LOAD = 1
const SYMBOL_BYTES = 24
const STT_FUNC = 2
const STT_GNU_IFUNC = 10

/** Undefined when no symbol table defines the function. */
export function symbolFileOffset(file: Uint8Array, name: string): number | undefined {
  const view = elfView(file)
  const wanted = new TextEncoder().encode(name)
  for (const symbol of functionSymbols(view))
    if (hasText(view, symbol.name, wanted)) return addressToOffset(view, symbol.address)
  return undefined
}

/** Every function that the file defines, each once. */
export function functionNames(file: Uint8Array): string[] {
  const view = elfView(file)
  const decoder = new TextDecoder()
  const names = new Set<string>()
  for (const { name } of functionSymbols(view)) names.add(decoder.decode(file.subarray(name, file.indexOf(0, name))))
  return [...names]
}

export function elfView(file: Uint8Array): DataView {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.length < 64 || view.getUint32(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1)
    throw new Error('not a 64-bit little-endian ELF file')
  return view
}

function u64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true))
}

interface FunctionSymbol {
  /** Where the name stands in the file. */
  readonly name: number
  readonly address: number
}

/** Section headers: 4 type, 24 offset, 32 size, 40 link. Symbols: 0 name, 4 info, 6 section (0: imported), 8 value. */
function* functionSymbols(view: DataView): Generator<FunctionSymbol> {
  const [table, size, count] = [u64(view, 40), view.getUint16(58, true), view.getUint16(60, true)]
  for (const type of [SHT.SYMTAB, SHT.DYNSYM]) {
    for (let i = 0; i < count; i++) {
      const header = table + i * size
      if (view.getUint32(header + 4, true) !== type) continue
      const strings = u64(view, table + view.getUint32(header + 40, true) * size + 24)
      const start = u64(view, header + 24)
      const end = start + u64(view, header + 32)
      for (let at = start; at < end; at += SYMBOL_BYTES) {
        const kind = view.getUint8(at + 4) & 15
        if (kind !== STT_FUNC && kind !== STT_GNU_IFUNC) continue
        if (view.getUint16(at + 6, true) === 0) continue
        yield { name: strings + view.getUint32(at, true), address: u64(view, at + 8) }
      }
    }
  }
}

function hasText(view: DataView, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (view.getUint8(at + i) !== text[i]) return false
  return view.getUint8(at + text.length) === 0
}

/** Program headers: 0 type, 8 offset, 16 address, 32 size in the file. */
export function addressToOffset(view: DataView, address: number): number | undefined {
  const [table, size, count] = [u64(view, 32), view.getUint16(54, true), view.getUint16(56, true)]
  for (let i = 0; i < count; i++) {
    const header = table + i * size
    if (view.getUint32(header, true) !== PT_LOAD) continue
    const start = u64(view, header + 16)
    if (address >= start && address < start + u64(view, header + 32)) return address - start + u64(view, header + 8)
  }
  return undefined
}

export interface ElfSection {
  readonly address: number
  /** Bytes from the start of the file. */
  readonly offset: number
  readonly size: number
}

/** By name; section headers: 0 name, 16 address, 24 offset, 32 size; 62 in the file's header: the section of names. */
export function sectionOf(view: DataView, file: Uint8Array, name: string): ElfSection | undefined {
  const [table, size, count] = [u64(view, 40), view.getUint16(58, true), view.getUint16(60, true)]
  if (count === 0) return undefined
  const names = u64(view, table + view.getUint16(62, true) * size + 24)
  const wanted = new TextEncoder().encode(name)
  for (let header = table; header < Math.min(table + count * size, file.length); header += size) {
    if (!hasText(view, names + view.getUint32(header, true), wanted)) continue
    return { address: u64(view, header + 16), offset: u64(view, header + 24), size: u64(view, header + 32) }
  }
  return undefined
}
