/** Shape of a helper row; the tables are in the sibling files, `index.ts` merges them. */
import type { Effects } from '../effects.ts'
import type { ArgKind, ReturnKind } from '../kinds.ts'

export interface HelperRow {
  readonly args: readonly ArgKind[]
  readonly ret: ReturnKind
  readonly effects: Effects
  /** Callable only from a program with a GPL-compatible licence (`gpl_only` in the kernel's `bpf_func_proto`). */
  readonly gplOnly?: true
  /** One sentence, own words. */
  readonly doc: string
}

export function helper<const R extends HelperRow>(row: R): R {
  return row
}
