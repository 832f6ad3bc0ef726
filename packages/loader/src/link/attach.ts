/** Which way a program is attached; the program type's row decides, for probes together with the section. */
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import type { AttachOptions, Link } from '@unplugin-bpf/core/runtime'
import { linkKindOf } from '../program-type.ts'
import { attachCgroup } from './cgroup.ts'
import { attachKprobe } from './kprobe.ts'
import { attachNetns } from './netns.ts'
import { attachRawTracepoint } from './raw-tracepoint.ts'
import { attachSocket } from './socket.ts'
import { attachTc } from './tc.ts'
import { attachTracepoint } from './tracepoint.ts'
import { attachTracing } from './tracing.ts'
import { attachUprobe } from './uprobe.ts'
import { attachXdp } from './xdp.ts'

export function attachProgram(spec: ProgramSpec, programFd: number, options: AttachOptions): Link {
  const kind = linkKindOf(spec)
  const target = options.target ?? spec.attachTarget
  switch (kind) {
    case 'xdp':
      return attachXdp(programFd, options)
    case 'tc':
      return attachTc(spec, programFd, options)
    case 'cgroup':
      return attachCgroup(spec, programFd, options)
    case 'tracepoint':
      return attachTracepoint(spec, programFd, target)
    case 'raw_tracepoint':
      return attachRawTracepoint(spec, programFd, target)
    case 'kprobe':
      return attachKprobe(spec, programFd, target)
    case 'uprobe':
      return attachUprobe(spec, programFd, { target, pid: options.pid })
    case 'socket':
      return attachSocket(spec, programFd, options.socketFd)
    case 'tracing':
    case 'lsm':
      return attachTracing(spec, programFd)
    case 'netns':
      return attachNetns(spec, programFd)
    default:
      // The other kinds need things that an options object does not hold (another program, a socket map, a BTF id).
      throw new TypeError(
        `program "${spec.name}": ${spec.section} programs (${kind}) cannot be attached by this version`,
      )
  }
}
