/** Tracepoints by the event id that tracefs shows, and raw ones by their name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { SyscallError } from '../errors.ts'
import { tracefs } from '../kernel-functions.ts'
import { nearText } from '../near-names.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { ERRNO } from '../sys/errno.ts'
import { PERF_TYPE } from '../sys/perf.ts'
import { fdLink, type KernelLink } from './link.ts'
import { attachPerfEvent } from './perf-event.ts'
import { type AttachRequest, explain, targetsOf } from './request.ts'

/** A target is `category/name`. */
export function attachTracepoint(request: AttachRequest): KernelLink {
  const { spec } = request
  const targets = targetsOf(request)
  if (targets.length === 0 || targets.some((target) => !/^[\w-]+\/[\w-]+$/.test(target)))
    throw new TypeError(
      `program "${spec.name}": the section "${spec.section}" does not name a tracepoint, as "tracepoint/sched/sched_switch" does`,
    )
  const root = `${tracefs()}/events`
  const target = targets.find((name) => existsSync(`${root}/${name}/id`))
  if (target === undefined) throw new Error(missing(root, targets))
  return attachPerfEvent({
    request,
    name: 'tracepoint',
    event: { type: PERF_TYPE.TRACEPOINT, config: Number(readFileSync(`${root}/${target}/id`, 'utf8')) },
    operation: `attach program "${spec.name}" to tracepoint ${target}`,
    causes: { EACCES: "the program reads beyond the tracepoint's record; compare with its format file in tracefs" },
  })
}

function missing(root: string, targets: readonly string[]): string {
  const wanted = targets.length === 1 ? `no tracepoint ${targets[0]}` : `none of the tracepoints ${targets.join(', ')}`
  return `this kernel has ${wanted} (there is no ${root}/${targets[0]}/id)${nearText(targets[0]!, tracepoints(root))}`
}

function tracepoints(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((category) => category.isDirectory())
    .flatMap(({ name }) => readdirSync(`${root}/${name}`).map((event) => `${name}/${event}`))
}

/** A target is the tracepoint's name without its category. */
export function attachRawTracepoint(request: AttachRequest): KernelLink {
  const { spec, programFd } = request
  const targets = targetsOf(request)
  if (targets.length === 0)
    throw new TypeError(
      `program "${spec.name}": the section "${spec.section}" does not name a tracepoint, as "raw_tp/sched_switch" does`,
    )
  let fd = 0
  for (const target of targets) {
    fd = bpf(ATTR.rawTracepointOpen, { name: new TextEncoder().encode(`${target}\0`), prog_fd: programFd })
    if (fd !== -ERRNO.ENOENT) break
  }
  if (fd >= 0) return fdLink('raw_tracepoint', fd)
  throw new SyscallError(
    `attach program "${spec.name}" to raw tracepoint ${targets.join(', ')}`,
    -fd,
    explain('raw_tracepoint', {
      ENOENT: `this kernel has no tracepoint ${targets.join(', ')}${nearText(targets[0]!, rawTracepoints())}`,
      EINVAL: 'the program reads more arguments than the tracepoint has',
    }),
  )
}

/** Names for the hint; none when tracefs is not mounted. */
function rawTracepoints(): string[] {
  try {
    return tracepoints(`${tracefs()}/events`).map((name) => name.slice(name.indexOf('/') + 1))
  } catch {
    return []
  }
}
