/** Raw tracepoints: the program sees the tracepoint's arguments as they are. */
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import type { Link } from '@unplugin-bpf/core/runtime'
import { checkSyscall } from '../errors.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { fdLink } from './link.ts'

/** `target` is the tracepoint's name without its category. */
export function attachRawTracepoint(spec: ProgramSpec, programFd: number, target: string | undefined): Link {
  if (target === undefined)
    throw new TypeError(
      `program "${spec.name}": the section "${spec.section}" does not name a tracepoint, as "raw_tp/sched_switch" does`,
    )
  const name = new TextEncoder().encode(`${target}\0`)
  const fd = bpf(ATTR.rawTracepointOpen, { name, prog_fd: programFd })
  return fdLink(
    'raw_tracepoint',
    checkSyscall(fd, `attach program "${spec.name}" to raw tracepoint ${target}`, {
      needs: ['BPF', 'PERFMON'],
      causes: {
        ENOENT: `this kernel has no tracepoint ${target}`,
        EINVAL: 'the program reads more arguments than the tracepoint has',
      },
    }),
  )
}
