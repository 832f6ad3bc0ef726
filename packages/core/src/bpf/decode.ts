/**
 * Bytes to instructions. Input is untrusted (an ELF section, a dump); what is not in tables/opcodes, unused fields that
 * are not zero included, is `Abort('bad-object')` that names the slot.
 */
import { Abort } from '../diag/diagnostic.ts'
import { type Insn, LD_IMM64 } from './insn.ts'
import { illegalReason, opcodeRow } from './match.ts'

export function decodeInsns(bytes: Uint8Array): Insn[] {
  if (bytes.length % 8 !== 0)
    throw bad(Math.floor(bytes.length / 8), `${bytes.length} bytes are no whole number of slots`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const insns: Insn[] = []
  for (let at = 0; at < bytes.length; at += 8 * (insns.at(-1)!.immHigh === undefined ? 1 : 2)) {
    const insn = decodeAt(view, at)
    if (!opcodeRow(insn)) throw bad(at / 8, illegalReason(insn))
    insns.push(insn)
  }
  return insns
}

function decodeAt(view: DataView, at: number): Insn {
  const registers = view.getUint8(at + 1)
  const insn: Insn = {
    opcode: view.getUint8(at),
    dst: registers & 0xf,
    src: registers >> 4,
    off: view.getInt16(at + 2, true),
    imm: view.getInt32(at + 4, true),
  }
  if (insn.opcode !== LD_IMM64) return insn
  if (at + 16 > view.byteLength) throw bad(at / 8, 'the second half of a 64-bit immediate is missing')
  if (view.getUint32(at + 8, true) !== 0)
    throw bad(at / 8 + 1, 'the second half of a 64-bit immediate has other fields')
  return { ...insn, immHigh: view.getInt32(at + 12, true) }
}

function bad(slot: number, reason: string): Abort {
  return new Abort('bad-object', undefined, `slot ${slot} is no BPF instruction: ${reason}`)
}
