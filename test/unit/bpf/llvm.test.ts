/** Second opinion on the opcode table: LLVM's disassembler reads the same instruction out of our bytes. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { assemble } from '../../../packages/core/src/bpf/asm.ts'
import { encodeInsns } from '../../../packages/core/src/bpf/encode.ts'
import type { Insn } from '../../../packages/core/src/bpf/insn.ts'
import { type FieldRule, OPCODES, type OpcodeRow } from '../../../packages/core/src/tables/opcodes.ts'

const works = (name: string) => spawnSync(name, ['--version'], { encoding: 'utf8' }).stdout?.includes('LLVM version 19')
const tool = ['llvm-mc-19', 'llvm-mc'].find(works)

/** What LLVM 19 cannot show: it forgets fields, or does not know the instruction (acquire and release came in LLVM 20). */
const unknown = (row: OpcodeRow) =>
  ['loadAcquire', 'storeRelease'].includes(row.does.kind) ||
  (row.does.kind === 'ldImm64' && row.does.of !== 'number') ||
  (row.does.kind === 'call' && row.does.target !== 'helper') ||
  (row.does.kind === 'loadPacket' && row.does.indirect)

const pick = (rule: FieldRule, i: 0 | 1): number =>
  rule === 'any' ? [3, -5][i]! : rule === 'reg' ? [2, 7][i]! : rule[Math.min(i, rule.length - 1)]!

function sample(row: OpcodeRow, i: 0 | 1): Insn {
  const other = i === 0 ? 1 : 0
  const high = row.immHigh === undefined ? {} : { immHigh: pick(row.immHigh, i) }
  const fields = { dst: pick(row.dst, i), src: pick(row.src, other), off: pick(row.off, i), imm: pick(row.imm, i) }
  return { opcode: row.opcode, ...fields, ...high }
}

function llvmLines(insns: readonly Insn[]): string[] {
  const hex = insns.map((insn) => [...encodeInsns([insn])].map((b) => `0x${b.toString(16)}`).join(' ')).join('\n')
  const args = ['-triple=bpfel', '-mcpu=v4', '-mattr=+alu32', '-disassemble']
  const { stdout } = spawnSync(tool!, args, { input: hex, encoding: 'utf8' })
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('.'))
}

describe.skipIf(tool === undefined)(
  `LLVM 19 ${tool === undefined ? '(skipped: llvm-mc 19 is not installed)' : ''}`,
  () => {
    it('disassembles every opcode row to the same instruction', () => {
      const rows = OPCODES.filter((row) => !unknown(row))
      expect(rows.length).toBe(155)
      const insns = rows.flatMap((row) => [sample(row, 0), sample(row, 1)])
      const lines = llvmLines(insns)
      expect(lines.length).toBe(insns.length)
      for (const [i, line] of lines.entries()) expect(assemble(line), line).toEqual([insns[i]])
    })
  },
)
