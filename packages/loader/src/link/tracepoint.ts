/** Tracepoints, by the event id that tracefs shows. */
import { existsSync, readFileSync } from 'node:fs'
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import type { Link } from '@unplugin-bpf/core/runtime'
import { PERF_TYPE_TRACEPOINT } from '../sys/perf.ts'
import { attachPerfEvent } from './perf-event.ts'

/** The second is where it was before Linux 4.1, and still is a mount point with debugfs. */
const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing']

/** `target` is `category/name`. */
export function attachTracepoint(spec: ProgramSpec, programFd: number, target: string | undefined): Link {
  if (target === undefined || !target.includes('/'))
    throw new TypeError(
      `program "${spec.name}": the section "${spec.section}" does not name a tracepoint, as "tracepoint/sched/sched_switch" does`,
    )
  return attachPerfEvent({
    kind: 'tracepoint',
    programFd,
    event: { type: PERF_TYPE_TRACEPOINT, config: tracepointId(target) },
    operation: `attach program "${spec.name}" to tracepoint ${target}`,
    causes: { EACCES: "the program reads beyond the tracepoint's record; compare with its format file in tracefs" },
  })
}

function tracepointId(target: string): number {
  const root = TRACEFS.find((path) => existsSync(`${path}/events`))
  if (root === undefined)
    throw new Error(`tracepoints need tracefs, which is not mounted: mount -t tracefs tracefs ${TRACEFS[0]}`)
  const path = `${root}/events/${target}/id`
  if (!existsSync(path)) throw new Error(`this kernel has no tracepoint ${target} (there is no ${path})`)
  return Number(readFileSync(path, 'utf8'))
}
