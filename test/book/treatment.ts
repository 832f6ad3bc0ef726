/** What the walk does with a block of the book. */

/** A text, or all that matches, and what stands for it; a string stands for itself everywhere. */
export type Replacement = readonly [what: string | RegExp, by: string]

export interface Completion {
  /** Declarations in front of it. */
  readonly before?: string
  /** Where the block goes, at `$`; the block alone otherwise. */
  readonly wrap?: string
  /** What the book leaves open (`...`, NAME) or to the reader. `...` that remains becomes 0. */
  readonly replace?: readonly Replacement[]
}

/** Diagnostic code, and the words of the ruling that is the reason. */
export interface Cause {
  readonly code: string
  readonly ruling: string
}

export type Treatment =
  /** Compiles and loads once completed. */
  | ({ readonly as: 'program'; readonly warning?: Cause } & Completion)
  /** The kernel's half of a session: refused as it is, `bpf:map` and `bpf:prog` compile and load as declarations. */
  | ({ readonly as: 'session'; readonly code: string } & Completion)
  /** An error of the book: refused with `code` for a reason of the rulings; loads when mended. */
  | ({
      readonly as: 'refused'
      readonly cause: Cause
      readonly mend: readonly Replacement[]
    } & Completion)
  /** Runs in the Lisp image of the original: JavaScript here. `reason` says what stands for it. */
  | { readonly as: 'user side'; readonly reason: string }
  /** Reads as Lisp, and is something else. */
  | { readonly as: 'no Lisp'; readonly reason: string }

/** By the first line of the block; ` #2` behind it at its second occurrence. */
export type Plan = Readonly<Record<string, Treatment>>

export const program = (completion: Completion = {}): Treatment => ({ as: 'program', ...completion })
export const userSide = (reason: string): Treatment => ({ as: 'user side', reason })

/** Definitions alone are no object: `body` uses them. */
export const definitions = (body: string, options = ':type :xdp', replace: readonly Replacement[] = []): Treatment =>
  program({ wrap: `$\n(defprog book-block (${options})\n${body}\n0)`, replace })

/** The kernel's half of a session. */
export const session = (code = 'unsupported'): Treatment => ({ as: 'session', code })

/** Errors of the book that `let*` mends. */
export const parallelLet = (before = ''): Treatment => ({
  as: 'refused',
  cause: { code: 'unbound-variable', ruling: '`let` is parallel: the book' },
  before,
  mend: [['(let (', '(let* (']],
})

/** `(+ task (task-struct-comm task))`. */
export const doubleBase: Treatment = {
  as: 'program',
  warning: { code: 'pointer-misuse', ruling: 'adds the base twice: write' },
}

/** Puts a block into the body of a program. */
const inside =
  (options: string, verdict: string) =>
  (before = '', around = '$', replace: readonly Replacement[] = []): Treatment => ({
    as: 'program',
    before,
    wrap: `(defprog book-block (${options})\n${around}\n${verdict})`,
    replace,
  })

export const inXdp = inside(':type :xdp', 'XDP_PASS')
export const inTc = inside(':type :tc', 'TC_ACT_OK')
export const inTracepoint = inside(':type :tracepoint :section "tracepoint/sched/sched_switch"', '0')
export const inKprobe = inside(':type :kprobe :section "kprobe/do_unlinkat"', '0')
export const inConnect4 = inside(':type :cgroup-sock-addr :section "cgroup/connect4"', '1')
export const inEgress = inside(':type :cgroup-skb :section "cgroup_skb/egress"', '1')

/** A packet with the bounds checked that the fragment takes for granted. */
export const PACKET = '(with-packet (data data-end :min-len 54) $)'
export const BOUNDS = '(let ((data (xdp-data)) (data-end (xdp-data-end))) $)'
