/** Return values by name. */
import { PROGRAM_TYPES, type ProgramTypeName, type ProgramTypeRow } from '@unplugin-bpf/core/object'

export function programTypeRow(type: string): ProgramTypeRow | undefined {
  return Object.hasOwn(PROGRAM_TYPES, type) ? PROGRAM_TYPES[type as ProgramTypeName] : undefined
}

/** Types whose numbers mean one thing each; elsewhere the number itself is the answer (a length, yes or no). */
const NAMED: readonly string[] = ['xdp', 'sched_cls', 'sched_act', 'sk_lookup', 'sk_msg', 'sk_skb', 'sk_reuseport']

/** `XDP_DROP` for 1 of an xdp program; the number where it has no name. */
export function verdictOf(type: string, code: number): string | number {
  if (!NAMED.includes(type)) return code
  const names = Object.entries(programTypeRow(type)?.verdicts ?? {})
  return names.find(([, value]) => (value | 0) === (code | 0))?.[0] ?? code
}
