/** What the kernel says about a loaded program: the beginning of struct bpf_prog_info (include/uapi/linux/bpf.h, 6.18). */
import { SyscallError } from './errors.ts'
import { ATTR } from './sys/attr.ts'
import { bpf } from './sys/bpf.ts'

export interface ProgramInfo {
  readonly id: number
  /** Bytes of machine code; 0 where the JIT is off. */
  readonly jitedBytes: number
  /** Bytes after the verifier's rewrites. */
  readonly translatedBytes: number
  /** Instructions that the verifier walked through, every path counted (5.16; 0 before). */
  readonly verifiedInsns: number
  /** Only counted while kernel.bpf_stats_enabled is set. */
  readonly runCount: number
  readonly runNs: number
}

const INFO_BYTES = 232
const OFFSET = { id: 4, jited: 16, translated: 20, runNs: 192, runCount: 200, verified: 216 } as const

export function programInfo(fd: number): ProgramInfo {
  const bytes = new Uint8Array(INFO_BYTES)
  // Older kernels fill less; the rest stays 0.
  const result = bpf(ATTR.infoByFd, { bpf_fd: fd, info_len: INFO_BYTES, info: bytes })
  if (result < 0) throw new SyscallError('ask about a program', -result)
  const view = new DataView(bytes.buffer)
  const u32 = (offset: number) => view.getUint32(offset, true)
  const u64 = (offset: number) => Number(view.getBigUint64(offset, true))
  return {
    id: u32(OFFSET.id),
    jitedBytes: u32(OFFSET.jited),
    translatedBytes: u32(OFFSET.translated),
    verifiedInsns: u32(OFFSET.verified),
    runCount: u64(OFFSET.runCount),
    runNs: u64(OFFSET.runNs),
  }
}
