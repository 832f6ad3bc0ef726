/** Options of one compilation, with their defaults in one place. */
export interface CompileOptions {
  /** Instruction set level; v3 is the default of clang 19 and every kernel since 5.1. */
  readonly cpu: 'v1' | 'v2' | 'v3' | 'v4'
  /**
   * Address the element of a one-entry array directly (BPF_PSEUDO_MAP_VALUE, 5.2) instead of looking it up, where all its
   * uses allow it. Off by default, because libbpf then shows the map `hits` as `.data.hits`; our own loader does not.
   */
  readonly directElements: boolean
  /** Names of optional passes to leave out; `all` leaves out every optional pass. */
  readonly skip: readonly string[]
  /**
   * Never lets equal code of several source lines become one, so that a trace or coverage says exactly which lines ran.
   * Programs become a few slots larger.
   */
  readonly exactLines: boolean
  /** Run the SSA verifier after every pass. */
  readonly verify: boolean
  /** Steps that one macro expansion may take before it is stopped. */
  readonly macroSteps: number
  /** Architecture of the target, for registers of probed functions; x86_64 when absent. */
  readonly arch?: 'x86_64' | 'arm64' | undefined
  /** Called after each stage and pass with what it made. */
  readonly trace?: ((event: TraceEvent) => void) | undefined
}

export interface TraceEvent {
  /** `expand`, `forms`, `ssa`, a pass name, `regalloc`, `asm`. */
  readonly stage: string
  readonly program: string
  /** Printed on demand, since most subscribers want one stage only. */
  readonly print: () => string
}

export const DEFAULT_OPTIONS: CompileOptions = {
  cpu: 'v3',
  directElements: false,
  skip: [],
  exactLines: false,
  verify: true,
  macroSteps: 1_000_000,
}
