/** Which source line an instruction belongs to: the last one that begins at or before its slot. */
import { type ProgramSpec, slotsOf } from '@unplugin-bpf/core/object'

/** Index in `spec.lines` by instruction; -1 for code without line info. */
export function linesByInsn({ insns, lines }: ProgramSpec): Int32Array {
  const out = new Int32Array(insns.length).fill(-1)
  let slot = 0
  let current = -1
  for (const [i, insn] of insns.entries()) {
    while (current + 1 < lines.length && lines[current + 1]!.slot <= slot) current++
    out[i] = current
    slot += slotsOf(insn)
  }
  return out
}
