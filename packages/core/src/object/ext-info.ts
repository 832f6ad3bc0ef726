/**
 * What BPF_PROG_LOAD wants besides instructions and the BTF itself: func_info and line_info records as the kernel reads
 * them (`check_btf_func`, `check_btf_line` in kernel/bpf/verifier.c, 6.18): instruction offsets in slots, strings as
 * offsets into the object's BTF, lines in ascending order.
 */
import { FUNC_INFO_SIZE, LINE_INFO_SIZE, packLineColumn } from '../btf/ext.ts'
import { type Btf, readBtf } from '../btf/reader.ts'
import { ByteWriter } from '../bytes/writer.ts'
import type { BpfObject, ProgramSpec } from './object.ts'

export interface ExtInfo {
  readonly funcInfo: Uint8Array
  readonly funcInfoRecSize: number
  readonly lineInfo: Uint8Array
  readonly lineInfoRecSize: number
}

/** Undefined when the object has no BTF or does not know the program's function: then it loads without. */
export function extInfoFor(object: BpfObject, program: ProgramSpec): ExtInfo | undefined {
  if (object.btf === undefined || program.btfFuncId === undefined) return undefined
  const btf = readBtf(object.btf)
  const funcInfo = new ByteWriter()
  funcInfo.u32(0)
  funcInfo.u32(program.btfFuncId)
  return {
    funcInfo: funcInfo.finish(),
    funcInfoRecSize: FUNC_INFO_SIZE,
    lineInfo: lineRecords(btf, program),
    lineInfoRecSize: LINE_INFO_SIZE,
  }
}

function lineRecords(btf: Btf, program: ProgramSpec): Uint8Array {
  const out = new ByteWriter()
  // The kernel refuses line info that does not begin at the first instruction; none at all is fine.
  if (program.lines[0]?.slot !== 0) return out.finish()
  for (const line of program.lines) {
    out.u32(line.slot)
    out.u32(textOffset(btf, line.file))
    out.u32(textOffset(btf, line.text))
    out.u32(packLineColumn(line.line, line.column))
  }
  return out.finish()
}

/** Texts come out of this BTF or were written into it; a foreign one is shown as empty rather than refused. */
export function textOffset(btf: Btf, text: string): number {
  return btf.stringOffset(text) ?? 0
}
