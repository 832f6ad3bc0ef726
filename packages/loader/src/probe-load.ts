/** Loads the smallest program of a kind, to see what the kernel says. The caller closes the descriptor. */
import {
  ATTACH_TYPE_IDS,
  encodeInsns,
  type Insn,
  PROGRAM_TYPES,
  type ProgramTypeName,
  type ProgramTypeRow,
} from '@unplugin-bpf/core/object'
import { ATTR } from './sys/attr.ts'
import { bpf } from './sys/bpf.ts'

/** `r0 = 0; exit` */
export const RETURN_ZERO: readonly Insn[] = [
  { opcode: 0xb7, dst: 0, src: 0, off: 0, imm: 0 },
  { opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0 },
]
/** include/uapi/linux/bpf.h */
const BPF_F_SLEEPABLE = 1 << 4

export interface ProbeProgram {
  readonly type: ProgramTypeName
  /** That of the type's usual section by default. */
  readonly attachType?: keyof typeof ATTACH_TYPE_IDS
  readonly insns?: readonly Insn[]
}

export interface Loaded {
  /** Descriptor or negative errno. */
  readonly result: number
  /** What the verifier said; empty when the kernel refused before it looked at the program. */
  readonly log: string
}

export function loadProbe({ type, attachType, insns = RETURN_ZERO }: ProbeProgram): Loaded {
  const row: ProgramTypeRow = PROGRAM_TYPES[type]
  const log = new Uint8Array(4096)
  const bytes = encodeInsns(insns)
  const expected = attachType ?? row.sections[0]?.attachType
  const result = bpf(ATTR.progLoad, {
    prog_type: row.id,
    expected_attach_type: expected === undefined ? 0 : ATTACH_TYPE_IDS[expected],
    prog_flags: row.sections.length > 0 && row.sections.every((section) => section.sleepable) ? BPF_F_SLEEPABLE : 0,
    insn_cnt: bytes.length / 8,
    insns: bytes,
    license: new TextEncoder().encode('GPL\0'),
    log_level: 1,
    log_size: log.length,
    log_buf: log,
  })
  return { result, log: new TextDecoder().decode(log.subarray(0, log.indexOf(0))) }
}
