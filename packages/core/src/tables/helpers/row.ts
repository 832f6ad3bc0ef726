/**
 * Shape of a helper row; the tables are in the sibling files, `index.ts` merges them. What follows from the arguments
 * (a map argument is read, an output buffer is written) is added to the effects here, so that a row states only what
 * its arguments do not say.
 */
import type { Effects, MemoryClass } from '../effects.ts'
import { fx, READABLE_MEMORY, WRITABLE_MEMORY } from '../effects.ts'
import type { ArgKind, ReturnKind } from '../kinds.ts'

export interface HelperRow {
  readonly args: readonly ArgKind[]
  /** Fewest arguments that a call may have; absent: all. Missing ones are not passed at all. */
  readonly minArgs?: number
  readonly ret: ReturnKind
  readonly effects: Effects
  /** Callable only from a program with a GPL-compatible licence (`gpl_only` in the kernel's `bpf_func_proto`). */
  readonly gplOnly?: true
  /** Packet pointers may be passed as memory arguments (`pkt_access` in `bpf_func_proto`). */
  readonly packetArgs?: true
  /** Only for programs that may sleep (`might_sleep`). */
  readonly sleepable?: true
  /** One sentence, own words. */
  readonly doc: string
}

interface HelperSpec extends Omit<HelperRow, 'effects'> {
  readonly effects?: Partial<Effects>
}

export type Helper<S extends HelperSpec> = Omit<S, 'effects'> & { readonly effects: Effects }

export function helper<const S extends HelperSpec>(spec: S): Helper<S> {
  const stated = fx(spec.effects)
  const reads = spec.args.flatMap(argumentReads)
  const writes = spec.args.flatMap(argumentWrites)
  const effects = { ...stated, reads: union(stated.reads, reads), writes: union(stated.writes, writes) }
  return { ...spec, effects }
}

function union(a: readonly MemoryClass[], b: readonly MemoryClass[]): readonly MemoryClass[] {
  return [...new Set([...a, ...b])]
}

function argumentReads(arg: ArgKind): readonly MemoryClass[] {
  switch (arg.kind) {
    case 'mapKey':
    case 'mapValue':
    case 'record':
      return READABLE_MEMORY
    case 'mem':
      return arg.access === 'read' ? READABLE_MEMORY : []
    // The helper reads from any address, a stack address included (bpf_probe_read and its relatives).
    case 'address':
      return [...READABLE_MEMORY, 'kernel', 'ctx']
    case 'map':
      return ['map']
    case 'ctx':
      return ['ctx']
    case 'typed':
      return ['kernel', 'stack', 'mapValue']
    case 'int':
    case 'size':
      return []
  }
}

function argumentWrites(arg: ArgKind): readonly MemoryClass[] {
  return arg.kind === 'mem' && arg.access === 'write' ? WRITABLE_MEMORY : []
}
