/** Kinds of programs that PROG_TEST_RUN runs on a packet, and what differs between them. */
import type { Sexp } from './sexp.ts'

export interface ProgramKind {
  /** `:type` of defprog. */
  readonly type: 'xdp' | 'tc' | 'cgroup-skb' | 'socket-filter'
  readonly packet: 'write' | 'read' | 'none'
  /** A context field that says how long the packet is. */
  readonly length: Sexp
  /** The kernel wants 0 or 1 (kernel/bpf/verifier.c, check_return_code, 6.18). */
  readonly verdict: 'any' | 'bit'
  /** How often it is drawn, of all. */
  readonly weight: number
}

export const KINDS: readonly ProgramKind[] = [
  { type: 'xdp', packet: 'write', length: '(- (ctx data-end) (ctx data))', verdict: 'any', weight: 8 },
  { type: 'tc', packet: 'write', length: '(ctx len)', verdict: 'any', weight: 4 },
  { type: 'cgroup-skb', packet: 'read', length: '(ctx len)', verdict: 'bit', weight: 2 },
  { type: 'socket-filter', packet: 'none', length: '(ctx len)', verdict: 'any', weight: 1 },
]

/** What a program of the kind may return. */
export const verdictOf = (kind: ProgramKind, value: Sexp): Sexp =>
  kind.verdict === 'bit' ? ['logand', value, '1'] : value
