/**
 * uprobes and uretprobes: a function of a program or library by its symbol, or by its offset in the file; one by the
 * kernel's perf event source, or many with one link (6.6).
 */
import { ATTACH_TYPE_IDS } from '@unplugin-bpf/core/object'
import { SyscallError } from '../errors.ts'
import { attachTypeId, sectionRowOf } from '../program-type.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { findFile, functionOffset, functionOffsets, type UprobePlace } from '../user-function.ts'
import { probeEvent, u64Bytes } from './kprobe.ts'
import { fdLink, type KernelLink } from './link.ts'
import { attachPerfEvent } from './perf-event.ts'
import { type AttachRequest, explain, targetsOf } from './request.ts'

/** A target is `/path/to/file:function`, `:function+0x10` or `:0x1234` (an offset in the file); `libc.so.6:open`. */
export function attachUprobe(request: AttachRequest): KernelLink {
  const { spec, options } = request
  const { path, offset } = resolveFirst(request)
  const isReturn = sectionRowOf(spec)?.onReturn === true
  return attachPerfEvent({
    request,
    name: isReturn ? 'uretprobe' : 'uprobe',
    event: { ...probeEvent('uprobe', isReturn ? 'return' : 'entry'), config1: path, config2: offset, pid: options.pid },
    operation: `attach program "${spec.name}" to ${path} at offset 0x${offset.toString(16)}`,
    causes: { ESRCH: `there is no process ${options.pid}`, EINVAL: 'there is no instruction at this offset' },
  })
}

/** The first candidate that exists; the error is the first one's. */
function resolveFirst(request: AttachRequest): UprobePlace {
  const targets = targetsOf(request)
  let first: unknown
  for (const target of targets) {
    try {
      const { path, what } = splitTarget(request, target)
      return { path, offset: functionOffset(path, what) }
    } catch (error) {
      first ??= error
    }
  }
  if (first !== undefined) throw first
  return needsTarget(request)
}

function needsTarget({ spec }: AttachRequest): never {
  throw new TypeError(
    `program "${spec.name}": attaching needs a file and a function: attach({ target: '/usr/bin/node:uv_run' })`,
  )
}

function splitTarget(request: AttachRequest, target: string): { readonly path: string; readonly what: string } {
  const match = /^(.+?):([^:]+)$/.exec(target)
  if (!match) return needsTarget(request)
  return { path: findFile(match[1]!, request.options.pid), what: match[2]! }
}

/** BPF_F_UPROBE_MULTI_RETURN (include/uapi/linux/bpf.h) */
const MULTI_RETURN = 1

/** Targets are functions or patterns (`/usr/bin/node:uv_os_*`) of one file. */
export function attachUprobes(request: AttachRequest): KernelLink {
  const { spec, programFd, options } = request
  const places = targetsOf(request).map((target) => splitTarget(request, target))
  const [first] = places
  if (first === undefined) return needsTarget(request)
  if (places.some(({ path }) => path !== first.path))
    throw new TypeError(`program "${spec.name}": one link probes functions of one file; attach once for each file`)
  const offsets = [...new Set(places.flatMap(({ path, what }) => functionOffsets(path, what)))]
  const fd = bpf(ATTR.linkCreateUprobes, {
    prog_fd: programFd,
    attach_type: attachTypeId(spec.attachType) || ATTACH_TYPE_IDS.TRACE_UPROBE_MULTI,
    path: new TextEncoder().encode(`${first.path}\0`),
    offsets: u64Bytes(offsets),
    count: offsets.length,
    probe_flags: sectionRowOf(spec)?.onReturn ? MULTI_RETURN : 0,
    pid: options.pid ?? 0,
    ...(options.cookie !== undefined && { cookies: u64Bytes(offsets.map(() => options.cookie!)) }),
  })
  if (fd >= 0) return fdLink('uprobe_multi', fd)
  throw new SyscallError(
    `attach program "${spec.name}" to ${offsets.length} functions of ${first.path}`,
    -fd,
    explain('uprobe_multi', { ESRCH: `there is no process ${options.pid}` }),
  )
}
