/** Every row of the instruction table as llvm-objdump sees it: the same text, but for the differences in `asLlvm`. */
import { describe, expect, it } from 'vitest'
import { disasmInsn } from '../../../packages/core/src/bpf/disasm.ts'
import { encodeInsns } from '../../../packages/core/src/bpf/encode.ts'
import { type Insn, slotsOf } from '../../../packages/core/src/bpf/insn.ts'
import { SHF, SHT } from '../../../packages/core/src/elf/format.ts'
import { writeElf } from '../../../packages/core/src/elf/writer.ts'
import { type FieldRule, OPCODES, type OpcodeRow } from '../../../packages/core/src/tables/opcodes.ts'
import { hasTool, objdump, skipNote } from '../../support/kernel-oracle.ts'

const tool = hasTool('llvm-objdump-19')

const pick = (rule: FieldRule, any: readonly number[], register: number): readonly number[] =>
  rule === 'any' ? any : rule === 'reg' ? [register] : rule

/** A few instructions per row: both signs of offset and immediate. */
function samples(row: OpcodeRow): Insn[] {
  const [dst] = pick(row.dst, [], 3)
  const [src] = pick(row.src, [], 7)
  return pick(row.off, [8, -16], 0).flatMap((off) =>
    pick(row.imm, [100, -7], 0).flatMap((imm): Insn[] => {
      const base = { opcode: row.opcode, dst: dst!, src: src!, off, imm }
      if (row.immHigh === undefined) return [base]
      return pick(row.immHigh, [0, 5], 0).map((immHigh) => ({ ...base, immHigh }))
    }),
  )
}

const all = OPCODES.flatMap((row) => samples(row).map((insn) => ({ row, insn })))

/** Text by slot number. */
function llvmTexts(insns: readonly Insn[]): Map<number, string> {
  const data = encodeInsns(insns)
  const flags = SHF.ALLOC | SHF.EXECINSTR
  const section = { name: 'xdp', type: SHT.PROGBITS, flags, align: 8, data, size: data.length, relocations: [] }
  const texts = new Map<number, string>()
  for (const line of objdump(writeElf({ sections: [section], symbols: [] }), 'v4').split('\n')) {
    const match = /^\s*(\d+):\t(?:[0-9a-f]{2}\s){8,16}(.*)$/.exec(line)
    if (match) texts.set(Number(match[1]), normal(match[2]!))
  }
  return texts
}

/** Without what differs only in form: resolved jump targets, `0x` numbers, spaces. */
function normal(text: string): string {
  return text
    .replace(/ <[^<>=\s]+>$/, '')
    .replace(/-?0x[0-9a-f]+/g, (hex) => String(hex.startsWith('-') ? -BigInt(hex.slice(1)) : BigInt(hex)))
    .replace(/\s+/g, ' ')
    .trim()
}

/** Our text in LLVM's manner, where the two differ on purpose; undefined: LLVM 19 does not know the instruction. */
function asLlvm(row: OpcodeRow, insn: Insn): string | undefined {
  const { does } = row
  const ours = normal(disasmInsn(insn))
  switch (does.kind) {
    case 'call':
      // We name helpers, and tell local calls and kfuncs apart.
      return `call ${insn.imm}`
    case 'load':
      // With 32-bit registers LLVM shows the narrow one; the upper half is zero either way.
      return does.bits === 64 || does.signed ? ours : ours.replace('r3 =', 'w3 =')
    case 'store':
      return does.bits === 64 ? ours : ours.replace('= r7', '= w7')
    case 'ldImm64':
      return does.of === 'number' ? ours : `ld_pseudo r3, ${insn.src}, ${insn.imm >>> 0}`
    case 'loadPacket':
      // LLVM leaves out the constant that the kernel adds to the register.
      return does.indirect ? ours.replace(/ [+-] \d+\]/, ']') : ours
    case 'loadAcquire':
    case 'storeRelease':
      return undefined
    default:
      return ours
  }
}

describe.skipIf(!tool.ok)(`llvm-objdump agrees with our disassembler${skipNote(tool)}`, () => {
  it(`on ${all.length} instructions of ${OPCODES.length} rows`, () => {
    const theirs = llvmTexts(all.map(({ insn }) => insn))
    let slot = 0
    let compared = 0
    const different: string[] = []
    for (const { row, insn } of all) {
      const ours = asLlvm(row, insn)
      const other = theirs.get(slot)
      if (ours !== undefined) compared++
      if (ours !== undefined && ours !== other) different.push(`${row.name}: ours \`${ours}\`, llvm \`${other}\``)
      slot += slotsOf(insn)
    }
    expect(different).toEqual([])
    expect(compared).toBeGreaterThan(300)
  })
})
