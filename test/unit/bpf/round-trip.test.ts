/** Encoder, decoder, disassembler and assembler against each other, over every opcode row and its legal fields. */
import { describe, expect, it } from 'vitest'
import { assemble } from '../../../packages/core/src/bpf/asm.ts'
import { decodeInsns } from '../../../packages/core/src/bpf/decode.ts'
import { disasmInsn, disasmProgram } from '../../../packages/core/src/bpf/disasm.ts'
import { encodeInsns } from '../../../packages/core/src/bpf/encode.ts'
import type { Insn } from '../../../packages/core/src/bpf/insn.ts'
import { opcodeRow } from '../../../packages/core/src/bpf/match.ts'
import { type FieldRule, OPCODES, type OpcodeRow } from '../../../packages/core/src/tables/opcodes.ts'

const REGISTERS = [0, 1, 6, 9, 10]
const values = (rule: FieldRule, any: readonly number[]): readonly number[] =>
  rule === 'any' ? any : rule === 'reg' ? REGISTERS : rule

/** Every combination of interesting legal field values. */
function* instances(row: OpcodeRow): Generator<Insn> {
  for (const dst of values(row.dst, REGISTERS))
    for (const src of values(row.src, REGISTERS))
      for (const off of values(row.off, [0, 1, -1, 7, 0x7fff, -0x8000]))
        for (const imm of values(row.imm, [0, 1, -1, 12, 0x7fff_ffff, -0x8000_0000])) {
          const base = { opcode: row.opcode, dst, src, off, imm }
          if (row.immHigh === undefined) yield base
          else for (const immHigh of values(row.immHigh, [0, 5, -1, 0x7fff_ffff])) yield { ...base, immHigh }
        }
}

const all = OPCODES.flatMap((row) => [...instances(row)].map((insn) => ({ row, insn })))

describe('every legal instruction', () => {
  it('belongs to exactly its own row', () => {
    for (const { row, insn } of all) expect(opcodeRow(insn)?.name, JSON.stringify(insn)).toBe(row.name)
  })

  it('is encoded and decoded without change', () => {
    const insns = all.map((x) => x.insn)
    expect(decodeInsns(encodeInsns(insns))).toEqual(insns)
  })

  it('is printed and read back without change', () => {
    const insns = all.map((x) => x.insn)
    const text = insns.map(disasmInsn)
    expect(text.filter((t) => t.startsWith('.insn'))).toEqual([])
    expect(assemble(text.join('\n'))).toEqual(insns)
  })

  it('has a text of its own', () => {
    const texts = new Map<string, Insn>()
    for (const { insn } of all) {
      const text = disasmInsn(insn)
      expect(texts.get(text), text).toBeUndefined()
      texts.set(text, insn)
    }
  })
})

describe('row names', () => {
  it('are unique, and there are as many as expected', () => {
    expect(new Set(OPCODES.map((r) => r.name)).size).toBe(OPCODES.length)
    expect(OPCODES.length).toBe(174)
  })
})

describe('disasmProgram', () => {
  it('numbers slots, and the assembler ignores numbers and comments', () => {
    const insns = assemble('r1 = 5 ll\nr0 = 0\nexit')
    const text = disasmProgram(insns, { comments: new Map([[2, 'result']]) })
    expect(text).toBe('   0: r1 = 5 ll\n   2: r0 = 0 ; result\n   3: exit')
    expect(assemble(text)).toEqual(insns)
  })
})
