/**
 * Program types: one row decides sections, context, verdicts, helpers, VM set-up and link kind. Sections after
 * `section_defs` of libbpf 1.x (tools/lib/bpf/libbpf.c); the first one is the default.
 */
import type { ContextName } from './contexts.ts'

/** How a section name is matched: `exact`, or a prefix followed by `/target`. */
export interface SectionRow {
  readonly name: string
  /** `none`: the bare name only; `optional`: name or name/target; `required`: name/target only. */
  readonly target: 'none' | 'optional' | 'required'
  /** Expected attach type, by kernel name without `BPF_` (generated/enums); absent: none. */
  readonly attachType?: string
}

export type LinkKind = 'xdp' | 'tc' | 'cgroup' | 'kprobe' | 'uprobe' | 'tracepoint' | 'raw_tracepoint' | 'socket' | 'none' // biome-ignore format: one row

export interface ProgramTypeRow {
  /** `BPF_PROG_TYPE_*` number. */
  readonly id: number
  readonly sections: readonly SectionRow[]
  readonly context: ContextName | undefined
  /** Names that `(:type :xdp)` and `xdp()` go by, besides the key. */
  readonly aliases: readonly string[]
  /** Verdict for "let it through", the early return of the packet macros. */
  readonly passVerdict: number
  /** Verdict names and values, in the order of the kernel's enum. */
  readonly verdicts: Readonly<Record<string, number>>
  /** Allowed return values [low, high], when the verifier enforces a range. */
  readonly returns?: readonly [number, number]
  /** Packet bytes may be read through ctx->data. */
  readonly directPacketAccess: 'none' | 'read' | 'readWrite'
  readonly link: LinkKind
  /** PROG_TEST_RUN works (6.18). */
  readonly testRun: boolean
}

export const PROGRAM_TYPES = {
  xdp: {
    id: 6,
    sections: [
      { name: 'xdp', target: 'none', attachType: 'XDP' },
      { name: 'xdp.frags', target: 'none', attachType: 'XDP' },
    ],
    context: 'xdp_md',
    aliases: [],
    passVerdict: 2,
    verdicts: { XDP_ABORTED: 0, XDP_DROP: 1, XDP_PASS: 2, XDP_TX: 3, XDP_REDIRECT: 4 },
    directPacketAccess: 'readWrite',
    link: 'xdp',
    testRun: true,
  },
} as const satisfies Record<string, ProgramTypeRow>

export type ProgramTypeName = keyof typeof PROGRAM_TYPES
