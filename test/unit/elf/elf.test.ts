import { describe, expect, it } from 'vitest'
import { Abort } from '../../../packages/core/src/diag/diagnostic.ts'
import { type ElfFile, SHF, SHT, STB, STT } from '../../../packages/core/src/elf/format.ts'
import { readElf } from '../../../packages/core/src/elf/reader.ts'
import { writeElf } from '../../../packages/core/src/elf/writer.ts'

const section = (name: string, bytes: number[], flags = 0) => {
  const data = Uint8Array.from(bytes)
  return { name, type: SHT.PROGBITS, flags, align: 8, data, size: data.length, relocations: [] }
}
const symbol = (name: string, where: number | undefined, binding: number) => ({
  name,
  section: where,
  value: 0,
  size: 8,
  type: STT.FUNC,
  binding,
})

const file: ElfFile = {
  sections: [
    {
      ...section('xdp', [1, 2, 3, 4, 5, 6, 7, 8], SHF.ALLOC | SHF.EXECINSTR),
      relocations: [
        { offset: 0, type: 1, symbol: 0 },
        { offset: 4, type: 10, symbol: 2 },
      ],
    },
    section('license', [71, 80, 76]),
    { ...section('.bss', []), type: SHT.NOBITS, size: 40 },
  ],
  symbols: [
    symbol('local', 0, STB.LOCAL),
    symbol('other', 1, STB.LOCAL),
    symbol('global', 0, STB.GLOBAL),
    symbol('ext', undefined, STB.GLOBAL),
  ],
}

const refusal = (bytes: Uint8Array): string => {
  try {
    readElf(bytes)
  } catch (error) {
    if (error instanceof Abort && error.diagnostic.code === 'bad-object') return error.message
    throw error
  }
  throw new Error('it was read')
}

const patched = (at: number, ...bytes: number[]): Uint8Array => {
  const copy = writeElf(file)
  copy.set(bytes, at)
  return copy
}

describe('ELF', () => {
  it('round trip', () => expect(readElf(writeElf(file))).toEqual(file))

  it('puts local symbols first; relocations still point at the right ones', () => {
    const mixed: ElfFile = {
      sections: [{ ...file.sections[0]!, relocations: [{ offset: 0, type: 1, symbol: 0 }] }],
      symbols: [symbol('global', 0, STB.GLOBAL), symbol('local', 0, STB.LOCAL)],
    }
    const read = readElf(writeElf(mixed))
    expect(read.symbols.map((s) => s.name)).toEqual(['local', 'global'])
    expect(read.symbols[read.sections[0]!.relocations[0]!.symbol]?.name).toBe('global')
  })

  it('aligns sections', () => {
    const bytes = writeElf({ sections: [section('a', [1]), section('b', [2])], symbols: [] })
    const view = new DataView(bytes.buffer)
    const headers = Number(view.getBigUint64(40, true))
    for (let i = 1; i < view.getUint16(60, true); i++) {
      const at = headers + i * 64
      const align = Math.max(1, Number(view.getBigUint64(at + 48, true)))
      expect(Number(view.getBigUint64(at + 24, true)) % align).toBe(0)
    }
    expect(headers % 8).toBe(0)
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['no ELF file', new Uint8Array(100), /not an ELF file/],
    ['nothing', new Uint8Array(0), /not an ELF file/],
    ['half a header', writeElf(file).subarray(0, 30), /truncated/],
    ['32-bit', patched(4, 1), /32-bit/],
    ['big-endian', patched(5, 2), /big-endian.*bpfeb/],
    ['another machine', patched(18, 62, 0), /machine 62; BPF is 247/],
    ['an executable', patched(16, 2, 0), /type 2; BPF objects are relocatable/],
    ['no sections', patched(60, 0, 0), /no sections/],
    ['headers of a wrong size', patched(58, 63, 0), /section headers of 63 bytes/],
    ['names in no section', patched(62, 0xff, 0), /does not hold the section names/],
    ['headers outside', patched(40, 0xff, 0xff, 0xff), /truncated/],
    ['an absurd offset', patched(40, 0, 0, 0, 0, 0, 0, 0, 0x7f), /corrupt: offset or size/],
  ])('refuses %s', (_, bytes, message) => expect(refusal(bytes)).toMatch(message))

  it('refuses relocations outside their section', () => {
    const relocations = [{ offset: 8, type: 1, symbol: 0 }]
    const bad: ElfFile = { ...file, sections: [{ ...file.sections[0]!, relocations }] }
    expect(refusal(writeElf({ ...bad, symbols: file.symbols.slice(0, 1) }))).toMatch(/relocation at byte 8 of 8/)
  })
})
