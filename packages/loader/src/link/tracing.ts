/** Programs whose hook was fixed when they were loaded (btf-target.ts): attaching needs no more than the program. */
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import type { Link } from '@unplugin-bpf/core/runtime'
import { checkSyscall } from '../errors.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { fdLink } from './link.ts'

export function attachTracing(spec: ProgramSpec, programFd: number): Link {
  // Without a name, RAW_TRACEPOINT_OPEN takes the hook from the program (bpf_raw_tp_link_attach, kernel/bpf/syscall.c).
  const fd = bpf(ATTR.rawTracepointOpen, { prog_fd: programFd })
  return fdLink(
    spec.type,
    checkSyscall(fd, `attach program "${spec.name}" (${spec.section})`, { needs: ['BPF', 'PERFMON'] }),
  )
}
