/** What a case must come to on a kernel: its program counts, or the kernel lacks something that is said by name. */
import { attachKindRow } from '@unplugin-bpf/core/object'
import { atLeast } from '@unplugin-bpf/loader'
import type { AttachCase } from './cases.ts'
import type { CaseReport } from './run-cases.ts'

export type Outcome =
  | { readonly kind: 'counted' }
  /** Older than the way of attaching, and the error says so. */
  | { readonly kind: 'tooOld'; readonly since: string }
  /** The kernel was built without it, or the platform forbids it: nothing to test. */
  | { readonly kind: 'absent'; readonly reason: string }
  | { readonly kind: 'wrong'; readonly what: string }

/** First kernel of a case. */
export function sinceOf({ kind, since }: AttachCase): string {
  return since ?? attachKindRow(kind).ways[0]!.since
}

/** Errors of kernels that were built without a part, by what the case needs. */
const ABSENT: Readonly<Record<NonNullable<AttachCase['needs']>, RegExp>> = {
  kprobes: /this kernel has no kprobes|EOPNOTSUPP\n.*CONFIG_FPROBE|available_filter_functions/,
  trampolines: /cannot load program "counter" \((tracing|lsm)\): EPERM/,
}

export function outcomeOf(test: AttachCase, report: CaseReport, kernel: string): Outcome {
  const { error, missing, counted = 0, after = 0 } = report
  if (missing !== undefined) return { kind: 'absent', reason: missing }
  const since = sinceOf(test)
  if (!atLeast(kernel, since)) {
    if (error?.includes('this needs Linux ')) return { kind: 'tooOld', since }
    return { kind: 'wrong', what: `Linux ${since} is needed, and this is ${kernel}; it said ${error ?? 'nothing'}` }
  }
  if (error !== undefined) {
    const absent = test.needs !== undefined && ABSENT[test.needs].test(error)
    return absent ? { kind: 'absent', reason: error.split('\n').at(-1)!.trim() } : { kind: 'wrong', what: error }
  }
  const ended = test.shared ? after < counted : after === 0
  if (counted < 3 || !ended) return { kind: 'wrong', what: `counted ${counted}, after detaching ${after}` }
  return report.link === test.link ? { kind: 'counted' } : { kind: 'wrong', what: `attached as ${report.link}` }
}
