/**
 * ELF64 little-endian relocatable files for BPF: the numbers, and the file as data. The model has only the sections
 * with content; symbol, string and relocation sections are made by the writer and taken apart by the reader.
 */

export const ELF_HEADER_SIZE = 64
export const SECTION_HEADER_SIZE = 64
export const SYMBOL_SIZE = 24
export const REL_SIZE = 16

export const ELF_CLASS_64 = 2
export const ELF_DATA_LITTLE = 1
export const ET_REL = 1
export const EM_BPF = 247

/** `sh_type`. */
export const SHT = { NULL: 0, PROGBITS: 1, SYMTAB: 2, STRTAB: 3, RELA: 4, NOBITS: 8, REL: 9 } as const
/** `sh_flags`. */
export const SHF = { WRITE: 1, ALLOC: 2, EXECINSTR: 4 } as const
/** `st_shndx` values that are no section. */
export const SHN = { UNDEF: 0, LORESERVE: 0xff00 } as const
/** Symbol types and bindings. */
export const STT = { NOTYPE: 0, OBJECT: 1, FUNC: 2, SECTION: 3, FILE: 4 } as const
export const STB = { LOCAL: 0, GLOBAL: 1, WEAK: 2 } as const
/** BPF relocation types (Documentation/bpf/llvm_reloc.rst). */
export const R_BPF = { BITS_64_64: 1, ABS64: 2, ABS32: 3, NODYLD32: 4, CALL_64_32: 10 } as const

export interface ElfSection {
  readonly name: string
  /** `SHT`. */
  readonly type: number
  /** `SHF` bits. */
  readonly flags: number
  readonly align: number
  /** Empty for `NOBITS`. */
  readonly data: Uint8Array
  /** Bytes in memory: the data's length, except for `NOBITS`. */
  readonly size: number
  readonly relocations: readonly ElfRelocation[]
}

export interface ElfSymbol {
  readonly name: string
  /** Index into `ElfFile.sections`; undefined for symbols that are undefined, absolute or of a section left out. */
  readonly section: number | undefined
  readonly value: number
  readonly size: number
  /** `STT`. */
  readonly type: number
  /** `STB`. */
  readonly binding: number
}

export interface ElfRelocation {
  /** Bytes from the start of the section. */
  readonly offset: number
  /** `R_BPF`. */
  readonly type: number
  /** Index into `ElfFile.symbols`. */
  readonly symbol: number
}

export interface ElfFile {
  readonly sections: readonly ElfSection[]
  readonly symbols: readonly ElfSymbol[]
}
