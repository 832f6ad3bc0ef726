/**
 * A program on a perf event: by BPF link (5.15), else by ioctl. The event lives as long as its descriptor, so closing
 * detaches.
 */
import { ATTACH_TYPE_IDS } from '@unplugin-bpf/core/object'
import type { Link } from '@unplugin-bpf/core/runtime'
import { checkSyscall, type FailureContext } from '../errors.ts'
import { disablePerfEvent, enablePerfEvent, openPerfEvent, type PerfEvent, setPerfEventProgram } from '../sys/perf.ts'
import { closeFd } from '../sys/syscall.ts'
import { createLink, makeLink } from './link.ts'

export interface PerfAttachment {
  /** `tracepoint`, `kprobe`, ... */
  readonly kind: string
  readonly programFd: number
  readonly event: PerfEvent
  /** For messages: `attach to tracepoint sched/sched_switch`. */
  readonly operation: string
  readonly causes?: Readonly<Record<string, string>>
}

export function attachPerfEvent({ kind, programFd, event, operation, causes = {} }: PerfAttachment): Link {
  const context: FailureContext = { needs: ['BPF', 'PERFMON'], causes }
  const eventFd = checkSyscall(openPerfEvent(event), operation, context)
  const link = createLink({ programFd, target: eventFd, attachType: ATTACH_TYPE_IDS.PERF_EVENT })
  try {
    if (link < 0) checkSyscall(setPerfEventProgram(eventFd, programFd), operation, context)
    checkSyscall(enablePerfEvent(eventFd), operation, context)
  } catch (error) {
    if (link >= 0) closeFd(link)
    closeFd(eventFd)
    throw error
  }
  return makeLink(kind, () => {
    disablePerfEvent(eventFd)
    if (link >= 0) closeFd(link)
    closeFd(eventFd)
  })
}
