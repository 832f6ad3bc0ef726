/** Programs whose hook was fixed when they were loaded (btf-target.ts): attaching needs no more than the program. */
import { checkSyscall } from '../errors.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { fdLink, type KernelLink } from './link.ts'
import { type AttachRequest, explain } from './request.ts'

export function attachTracing({ spec, programFd, kind }: AttachRequest): KernelLink {
  // Without a name, RAW_TRACEPOINT_OPEN takes the hook from the program (bpf_raw_tp_link_attach, kernel/bpf/syscall.c).
  const fd = bpf(ATTR.rawTracepointOpen, { prog_fd: programFd })
  const causes = { EBUSY: 'the program is attached already, and this kind is attached once' }
  return fdLink(spec.type, checkSyscall(fd, `attach program "${spec.name}" (${spec.section})`, explain(kind, causes)))
}
