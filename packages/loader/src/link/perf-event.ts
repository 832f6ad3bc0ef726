/**
 * Programs on perf events. `attachPerfEvent` is for one event: by BPF link (5.15), else by ioctl; the event lives as long
 * as its descriptor (or the pinned link), so closing detaches. `attachPerfCounter` is for `perf_event` programs: the same
 * counter or timer on every CPU.
 */
import { ATTACH_TYPE_IDS } from '@unplugin-bpf/core/object'
import type { AttachOptions, PerfEventSource } from '@unplugin-bpf/core/runtime'
import { checkSyscall, SyscallError } from '../errors.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { onlineCpus } from '../sys/machine.ts'
import {
  disablePerfEvent,
  enablePerfEvent,
  openPerfEvent,
  PERF_TYPE,
  type PerfEvent,
  setPerfEventProgram,
} from '../sys/perf.ts'
import { closeFd } from '../sys/syscall.ts'
import { groupLink, KernelLink } from './link.ts'
import { type AttachRequest, choice, explain, required } from './request.ts'

export interface PerfAttachment {
  readonly request: AttachRequest
  /** `tracepoint`, `kretprobe`, ... */
  readonly name: string
  readonly event: PerfEvent
  /** For messages: `attach to tracepoint sched/sched_switch`. */
  readonly operation: string
  readonly causes?: Readonly<Record<string, string>>
}

export function attachPerfEvent({ request, name, event, operation, causes }: PerfAttachment): KernelLink {
  const { kind, programFd, options } = request
  const context = explain(kind, causes)
  const eventFd = checkSyscall(openPerfEvent(event), operation, context)
  const link = bpf(ATTR.linkCreatePerf, {
    prog_fd: programFd,
    target: eventFd,
    attach_type: ATTACH_TYPE_IDS.PERF_EVENT,
    ...(options.cookie !== undefined && { cookie: options.cookie }),
  })
  try {
    if (link < 0 && options.cookie !== undefined)
      throw new SyscallError(operation, -link, explain(kind, causes, 'link'))
    if (link < 0) checkSyscall(setPerfEventProgram(eventFd, programFd), operation, context)
    checkSyscall(enablePerfEvent(eventFd), operation, context)
  } catch (error) {
    if (link >= 0) closeFd(link)
    closeFd(eventFd)
    throw error
  }
  if (link >= 0) return new KernelLink({ kind: name, fd: link, release: () => closeFd(eventFd) })
  const release = () => {
    disablePerfEvent(eventFd)
    closeFd(eventFd)
  }
  return new KernelLink({ kind: name, release })
}

/** Numbers of include/uapi/linux/perf_event.h. */
const SOURCES: Readonly<Record<PerfEventSource, { readonly type: number; readonly config: number }>> = {
  'cpu-clock': { type: PERF_TYPE.SOFTWARE, config: 0 },
  'task-clock': { type: PERF_TYPE.SOFTWARE, config: 1 },
  'page-faults': { type: PERF_TYPE.SOFTWARE, config: 2 },
  'context-switches': { type: PERF_TYPE.SOFTWARE, config: 3 },
  'cpu-migrations': { type: PERF_TYPE.SOFTWARE, config: 4 },
  'minor-faults': { type: PERF_TYPE.SOFTWARE, config: 5 },
  'major-faults': { type: PERF_TYPE.SOFTWARE, config: 6 },
  'cpu-cycles': { type: PERF_TYPE.HARDWARE, config: 0 },
  instructions: { type: PERF_TYPE.HARDWARE, config: 1 },
  'cache-references': { type: PERF_TYPE.HARDWARE, config: 2 },
  'cache-misses': { type: PERF_TYPE.HARDWARE, config: 3 },
  'branch-instructions': { type: PERF_TYPE.HARDWARE, config: 4 },
  'branch-misses': { type: PERF_TYPE.HARDWARE, config: 5 },
}

export function attachPerfCounter(request: AttachRequest): KernelLink {
  const { spec, options } = request
  const event = required(request, 'event', "{ event: { source: 'cpu-clock', frequency: 99 } }")
  const source = event.source ?? 'cpu-clock'
  const sampled = { ...choice(SOURCES, source, 'event.source'), ...rateOf(event) }
  // A process is followed over all CPUs by one event; everybody by one event per CPU.
  const cpus = options.cpu !== undefined ? [options.cpu] : options.pid !== undefined ? [-1] : onlineCpus()
  const links: KernelLink[] = []
  try {
    for (const cpu of cpus)
      links.push(
        attachPerfEvent({
          request,
          name: 'perf_event',
          event: { ...sampled, pid: options.pid, cpu },
          operation: `attach program "${spec.name}" to ${source}${cpu < 0 ? '' : ` on CPU ${cpu}`}`,
          causes: {
            ENOENT: `this machine cannot count ${source}; virtual machines often have no hardware counters, 'cpu-clock' works everywhere`,
            EOPNOTSUPP: `this machine cannot sample ${source}; 'cpu-clock' works everywhere`,
            ESRCH: `there is no process ${options.pid}`,
            ENODEV: `there is no CPU ${cpu}`,
            EINVAL: `the kernel refuses this event or its rate (see /proc/sys/kernel/perf_event_max_sample_rate)`,
          },
        }),
      )
  } catch (error) {
    for (const link of links) link.close()
    throw error
  }
  return links.length === 1 ? links[0]! : groupLink('perf_event', links)
}

function rateOf(event: NonNullable<AttachOptions['event']>): { readonly frequency?: number; readonly period?: number } {
  const [name, value] = 'frequency' in event ? ['frequency', event.frequency] : ['period', event.period]
  if (!Number.isSafeInteger(value) || value < 1)
    throw new TypeError(
      `attach option event: ${name} is a positive integer (times a second, or events between two runs), not ${value}`,
    )
  return { [name!]: value }
}
