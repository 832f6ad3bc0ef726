/** What decoder, encoder and assembler refuse, and how they say it. */
import { describe, expect, it } from 'vitest'
import { assemble } from '../../../packages/core/src/bpf/asm.ts'
import { call, exit, mov64Imm } from '../../../packages/core/src/bpf/build.ts'
import { decodeInsns } from '../../../packages/core/src/bpf/decode.ts'
import { disasmInsn } from '../../../packages/core/src/bpf/disasm.ts'
import { encodeInsns } from '../../../packages/core/src/bpf/encode.ts'
import { Abort } from '../../../packages/core/src/diag/diagnostic.ts'

const bytes = (hex: string) => new Uint8Array(hex.match(/../g)!.map((x) => Number.parseInt(x, 16)))

function reason(f: () => unknown): string {
  try {
    f()
  } catch (error) {
    if (error instanceof Abort) return `${error.diagnostic.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

describe('decodeInsns', () => {
  const cases: [string, string, string][] = [
    ['a torn slot', '9500000000', 'slot 0 is no BPF instruction: 5 bytes are no whole number of slots'],
    ['an unknown opcode', 'ff00000000000000', 'slot 0 is no BPF instruction: opcode 0xff does not exist'],
    ['an opcode 0', '0000000000000000', 'slot 0 is no BPF instruction: opcode 0x00 does not exist'],
    [
      'register 11',
      'b70b000000000000',
      'slot 0 is no BPF instruction: opcode 0xb7: destination register 11 is not allowed',
    ],
    [
      'exit with a register',
      '9501000000000000',
      'slot 0 is no BPF instruction: opcode 0x95: destination register 1 is not allowed',
    ],
    [
      'add of a register with an immediate',
      '0f10000005000000',
      'slot 0 is no BPF instruction: opcode 0x0f: immediate 5 is not allowed',
    ],
    ['mov with an offset', 'b700020000000000', 'slot 0 is no BPF instruction: opcode 0xb7: offset 2 is not allowed'],
    ['be of 8 bits', 'dc00000008000000', 'slot 0 is no BPF instruction: opcode 0xdc: immediate 8 is not allowed'],
    ['an unknown atomic', 'db10000022000000', 'slot 0 is no BPF instruction: opcode 0xdb: immediate 34 is not allowed'],
    [
      'half of ld_imm64',
      '1800000000000000',
      'slot 0 is no BPF instruction: the second half of a 64-bit immediate is missing',
    ],
    [
      'ld_imm64 with a second opcode',
      '18000000000000009500000000000000',
      'slot 1 is no BPF instruction: the second half of a 64-bit immediate has other fields',
    ],
    [
      'ld_imm64 of a map with an upper half',
      '18110000010000000000000001000000',
      'slot 0 is no BPF instruction: opcode 0x18: upper half of the immediate 1 is not allowed',
    ],
  ]
  it.each(cases)('refuses %s', (_, hex, message) => {
    expect(reason(() => decodeInsns(bytes(hex)))).toBe(`bad-object: ${message}`)
  })

  it('counts slots, not instructions', () => {
    const message = reason(() => decodeInsns(bytes('18010000050000000000000000000000ff00000000000000')))
    expect(message).toContain('slot 2')
  })
})

describe('encodeInsns', () => {
  it('makes the bytes of RFC 9669', () => {
    expect(encodeInsns([mov64Imm(0, 2), call('map_lookup_elem'), exit()])).toEqual(
      bytes('b700000002000000' + '8500000001000000' + '9500000000000000'),
    )
  })
  it('refuses fields out of range', () => {
    expect(() => encodeInsns([{ ...exit(), off: 40000 }])).toThrow('encode: offset out of range')
    expect(() => encodeInsns([{ ...exit(), imm: 2 ** 31 }])).toThrow('encode: immediate out of range')
    expect(() => encodeInsns([{ ...exit(), dst: 11 }])).toThrow('encode: no such register')
    expect(() => encodeInsns([{ ...exit(), immHigh: 0 }])).toThrow('immHigh belongs to ld_imm64')
  })
})

describe('assemble', () => {
  it('resolves labels in slots', () => {
    const insns = assemble(`
      r1 = 10
    loop:            ; body
      r2 = 0x100000001 ll
      r1 += -1
      if r1 != 0 goto loop
      goto end
      r0 = 1
    end:
      exit`)
    expect(insns.map(disasmInsn)).toEqual([
      'r1 = 10',
      'r2 = 4294967297 ll',
      'r1 += -1',
      'if r1 != 0 goto -4',
      'goto +1',
      'r0 = 1',
      'exit',
    ])
  })

  it('takes the w registers that LLVM writes in narrow memory accesses', () => {
    expect(assemble('w0 = *(u32 *)(r1 + 0x4)\n*(u8 *)(r10 - 0x1) = w2').map(disasmInsn)).toEqual([
      'r0 = *(u32 *)(r1 + 4)',
      '*(u8 *)(r10 - 1) = r2',
    ])
  })

  const bad: [string, string][] = [
    ['r11 = 0', '`r11 = 0` is no BPF instruction'],
    ['r1 += w2', '`r1 += w2` is no BPF instruction'],
    ['r1 = 0x100000000', '`r1 = 0x100000000` is no BPF instruction'],
    ['call bpf_no_such_helper', '`call bpf_no_such_helper` is no BPF instruction'],
    ['goto nowhere', 'there is no label nowhere'],
    ['a:\na:\nexit', 'the label a is defined twice'],
  ]
  it.each(bad)('refuses %j', (text, message) => {
    expect(reason(() => assemble(text))).toBe(`bad-syntax: ${message}`)
  })

  it('points at the line', () => {
    try {
      assemble('r0 = 0\n  nonsense\nexit')
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(Abort)
      const span = (error as Abort).diagnostic.span!
      expect(span.file.text.slice(span.start, span.end).trim()).toBe('nonsense')
    }
  })
})

describe('disasmInsn', () => {
  it('shows illegal instructions with their fields', () => {
    expect(disasmInsn({ opcode: 0xff, dst: 1, src: 2, off: -3, imm: 4 })).toBe('.insn 255, 1, 2, -3, 4')
    expect(disasmInsn(call(9999))).toBe('call 9999')
  })
})
