/** Which way a program is attached; the program type's row decides, for probes together with the section. */
import { attachKindRow, type LinkKind, type ProgramSpec } from '@unplugin-bpf/core/object'
import type { AttachOptions } from '@unplugin-bpf/core/runtime'
import { linkKindOf } from '../program-type.ts'
import { attachCgroup } from './cgroup.ts'
import { attachIterator } from './iterator.ts'
import { attachKprobe, attachKprobes, attachKsyscall } from './kprobe.ts'
import type { KernelLink } from './link.ts'
import { attachNetfilter, attachNetns } from './netns.ts'
import { attachPerfCounter } from './perf-event.ts'
import { attachPinned } from './pinned.ts'
import { type AttachRequest, checkOptions } from './request.ts'
import { attachSocket } from './socket.ts'
import { attachSockmap } from './sockmap.ts'
import { attachNetkit, attachTc } from './tc.ts'
import { attachRawTracepoint, attachTracepoint } from './tracepoint.ts'
import { attachTracing } from './tracing.ts'
import { attachUprobe, attachUprobes } from './uprobe.ts'
import { attachUsdt } from './usdt.ts'
import { attachXdp } from './xdp.ts'

/** Kinds without an entry have no `ways` in the table. */
const ATTACHERS: Partial<Record<LinkKind, (request: AttachRequest) => KernelLink>> = {
  xdp: attachXdp,
  tc: attachTc,
  netkit: attachNetkit,
  cgroup: attachCgroup,
  tracepoint: attachTracepoint,
  raw_tracepoint: attachRawTracepoint,
  kprobe: attachKprobe,
  kprobe_multi: attachKprobes,
  ksyscall: attachKsyscall,
  uprobe: attachUprobe,
  uprobe_multi: attachUprobes,
  usdt: attachUsdt,
  perf_event: attachPerfCounter,
  socket: attachSocket,
  reuseport: attachSocket,
  sockmap: attachSockmap,
  tracing: attachTracing,
  lsm: attachTracing,
  iter: attachIterator,
  netns: attachNetns,
  netfilter: attachNetfilter,
}

export function attachProgram(spec: ProgramSpec, programFd: number, options: AttachOptions): KernelLink {
  const kind = linkKindOf(spec)
  const attacher = ATTACHERS[kind]
  if (attacher === undefined)
    throw new TypeError(
      `program "${spec.name}": ${spec.section} programs are not attached by this loader; they belong to ${attachKindRow(kind).to}`,
    )
  const request = { spec, programFd, kind, options }
  checkOptions(request)
  return options.pin === undefined ? attacher(request) : attachPinned(request, options.pin, attacher)
}
