/** What an instruction does besides computing its value; read from the op's row and, for calls, from the helper's. */
import type { Inst } from '../ssa/inst.ts'
import type { Effects } from '../tables/effects.ts'
import { HELPERS } from '../tables/helpers/index.ts'
import type { HelperRow } from '../tables/helpers/row.ts'
import type { OpRow } from '../tables/ir-ops.ts'
import { OPS } from '../tables/ir-ops.ts'

export function rowOf(inst: Inst): OpRow {
  return OPS[inst.op]
}

/** Effects of the helper that a call names; undefined for everything else. */
export function helperEffects(inst: Inst): Effects | undefined {
  return inst.op === 'call' ? helperRow(inst)?.effects : undefined
}

export function helperRow(inst: Inst): HelperRow | undefined {
  return inst.op === 'call' ? HELPERS[inst.attr.helper] : undefined
}

/** May go when nothing uses its value. */
export function isRemovable(inst: Inst): boolean {
  const row = rowOf(inst)
  if (row.class === 'terminator') return false
  if (row.pure) return true
  if (refreshesEntry(inst)) return false
  const effects = helperEffects(inst)
  // A helper that acquires a reference (a ring buffer record) lists the write; only true readers are left here.
  if (effects) return effects.writes.length === 0 && !effects.observable && !effects.invalidatesPacket
  return !row.writes
}

/** Looking an entry of an LRU map up keeps it from being evicted (bpf_lru_node_set_ref, kernel/bpf/hashtab.c; 6.18). */
function refreshesEntry(inst: Inst): boolean {
  return inst.op === 'call' && inst.args.some((arg) => arg.op === 'mapRef' && arg.attr.map.type.startsWith('lru_'))
}
