/**
 * Gives an object's BTF to the kernel, and encodes the line and function information that refers to it. BTF is a help
 * (bpftool shows names and types, the verifier's log shows source lines): an object loads without it, too, so a kernel
 * that refuses it is only noted.
 */
import { type BpfObject, kernelReady, type LineInfo, type ProgramSpec } from '@unplugin-bpf/core/object'
import { type BtfStrings, withStrings } from './btf-strings.ts'
import { ATTR } from './sys/attr.ts'
import { bpf } from './sys/bpf.ts'
import { errnoName } from './sys/errno.ts'

export interface LoadedBtf {
  readonly fd: number
  readonly strings: BtfStrings
}

export type BtfResult = { readonly loaded: LoadedBtf } | { readonly refusal: string } | undefined

const LOG_BYTES = 64 * 1024

/** Undefined when the object has no BTF. */
export function loadBtf(object: BpfObject): BtfResult {
  if (object.btf === undefined) return undefined
  const code = [...object.programs, ...(object.functions ?? [])]
  const texts = new Set(code.flatMap(({ lines }) => lines.flatMap((line) => [line.file, line.text])))
  const strings = withStrings(kernelReady(object.btf), texts)
  const source = { btf: strings.btf, btf_size: strings.btf.length }
  const fd = bpf(ATTR.btfLoad, source)
  if (fd >= 0) return { loaded: { fd, strings } }
  const log = new Uint8Array(LOG_BYTES)
  const again = bpf(ATTR.btfLoad, { ...source, btf_log_buf: log, btf_log_size: log.length, btf_log_level: 1 })
  if (again >= 0) return { loaded: { fd: again, strings } }
  const text = new TextDecoder().decode(log.subarray(0, log.indexOf(0)))
  return { refusal: `${errnoName(-fd)}${text === '' ? '' : `\n${text}`}` }
}

/** struct bpf_line_info: insn_off, file_name_off, line_off, line_col. */
const LINE_RECORD = 16
/** struct bpf_func_info: insn_off, type_id. */
const FUNC_RECORD = 8

/** The part of BPF_PROG_LOAD's attributes that refers to BTF. */
export function btfAttributes(program: ProgramSpec, btf: LoadedBtf | undefined) {
  if (!btf) return {}
  const lines = encodeLines(program.lines, btf.strings)
  const functions = encodeFunctions(program)
  return {
    prog_btf_fd: btf.fd,
    ...(lines && { line_info_rec_size: LINE_RECORD, line_info: lines, line_info_cnt: lines.length / LINE_RECORD }),
    ...(functions && {
      func_info_rec_size: FUNC_RECORD,
      func_info: functions,
      func_info_cnt: functions.length / FUNC_RECORD,
    }),
  }
}

/** Undefined when the lines would be refused: slots must ascend and begin at 0 (check_btf_line, kernel/bpf/verifier.c). */
function encodeLines(lines: readonly LineInfo[], strings: BtfStrings): Uint8Array | undefined {
  const ascending = lines.filter((line, i) => i === 0 || line.slot > lines[i - 1]!.slot)
  if (ascending[0]?.slot !== 0) return undefined
  const bytes = new Uint8Array(ascending.length * LINE_RECORD)
  const view = new DataView(bytes.buffer)
  ascending.forEach((line, i) => {
    view.setUint32(i * LINE_RECORD, line.slot, true)
    view.setUint32(i * LINE_RECORD + 4, strings.offsetOf(line.file), true)
    view.setUint32(i * LINE_RECORD + 8, strings.offsetOf(line.text), true)
    // line_col: 22 bits of line, 10 bits of column
    view.setUint32(i * LINE_RECORD + 12, ((line.line << 10) | Math.min(line.column, 0x3ff)) >>> 0, true)
  })
  return bytes
}

/** One record per function, the program's own first: all or none (check_btf_func, kernel/bpf/verifier.c). */
function encodeFunctions({ btfFuncId, linked = [] }: ProgramSpec): Uint8Array | undefined {
  const functions = [{ slot: 0, btfFuncId }, ...linked]
  const bytes = new Uint8Array(functions.length * FUNC_RECORD)
  const view = new DataView(bytes.buffer)
  for (const [i, fn] of functions.entries()) {
    if (fn.btfFuncId === undefined) return undefined
    view.setUint32(i * FUNC_RECORD, fn.slot, true)
    view.setUint32(i * FUNC_RECORD + 4, fn.btfFuncId, true)
  }
  return bytes
}
