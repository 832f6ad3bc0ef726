/** Instructions to bytes, little-endian (RFC 9669, section 3). Fields must be in range; legality is not checked here. */
import { invariant } from '../diag/diagnostic.ts'
import { type Insn, slotsOf } from './insn.ts'

export function encodeInsns(insns: readonly Insn[]): Uint8Array {
  const bytes = new Uint8Array(8 * insns.reduce((n, insn) => n + slotsOf(insn), 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const insn of insns) {
    checkRanges(insn)
    bytes[at] = insn.opcode
    bytes[at + 1] = (insn.src << 4) | insn.dst
    view.setInt16(at + 2, insn.off, true)
    view.setInt32(at + 4, insn.imm, true)
    // The second slot of ld_imm64 has only an immediate.
    if (insn.immHigh !== undefined) view.setInt32(at + 12, insn.immHigh, true)
    at += 8 * slotsOf(insn)
  }
  return bytes
}

function checkRanges(insn: Insn): void {
  const text = JSON.stringify(insn)
  invariant(insn.opcode >= 0 && insn.opcode <= 0xff, `encode: opcode out of range: ${text}`)
  invariant(insn.dst >= 0 && insn.dst <= 10 && insn.src >= 0 && insn.src <= 10, `encode: no such register: ${text}`)
  invariant(insn.off === (insn.off << 16) >> 16, `encode: offset out of range: ${text}`)
  invariant(insn.imm === (insn.imm | 0), `encode: immediate out of range: ${text}`)
  const wide = slotsOf(insn) === 2
  invariant(wide === (insn.immHigh !== undefined), `encode: immHigh belongs to ld_imm64 and only there: ${text}`)
  invariant(insn.immHigh === undefined || insn.immHigh === (insn.immHigh | 0), `encode: immHigh out of range: ${text}`)
}
