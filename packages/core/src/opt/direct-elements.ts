/**
 * A lookup of the only element of a one-entry array is the address of that element, which the loader knows.
 *   in:  valid SSA
 *   out: with the option `directElements`, no lookup with the constant key 0 in an array of one entry; its null test is decided by simplify
 *
 *   store.32 s0+0, 0
 *   v4:ptr = call map_lookup_elem m, s0     =>    v4:ptr = mapValue m+0
 *
 * Kernel: BPF_PSEUDO_MAP_VALUE since 5.2, for arrays of one entry only (array_map_direct_value_addr,
 * kernel/bpf/arraymap.c; 6.18). Not for per-CPU arrays.
 */
import { escapedSlots, mustAlias, placeOf, rootOf } from '../ssa/alias.ts'
import type { Func, Inst, InstOf, Slot } from '../ssa/func.ts'
import { lastStoreTo } from './direct-keys.ts'
import { helperRow } from './effects.ts'
import type { Pass } from './pass.ts'

export const directElements: Pass = {
  name: 'direct-elements',
  run(fn, { options }) {
    if (!options.directElements) return false
    const escaped = escapedSlots(fn)
    let changed = false
    for (const block of fn.blocks) {
      for (const inst of [...block.insts]) if (inst.op === 'call') changed = direct(fn, inst, escaped) || changed
    }
    return changed ? 'insts' : false
  },
}

function direct(fn: Func, call: InstOf<'call'>, escaped: ReadonlySet<Slot>): boolean {
  const row = helperRow(call as Inst)!
  if (row.ret.kind !== 'mapValueOrNull' || row.args.length !== 2 || row.effects.writes.length > 0) return false
  const [mapRef, key] = call.args
  if (mapRef?.op !== 'mapRef') return false
  const { map } = mapRef.attr
  if (map.type !== 'array' || map.maxEntries !== 1 || !isZeroKey(call, key!, map.keySize, escaped)) return false
  fn.rewrite(call as Inst, 'mapValue', { map, offset: 0 })
  return true
}

function isZeroKey(call: InstOf<'call'>, key: Inst, size: number, escaped: ReadonlySet<Slot>): boolean {
  const { root, offset } = rootOf(key)
  if (root.op !== 'slot' || offset === undefined || escaped.has(root.attr.slot)) return false
  const store = lastStoreTo(call, root.attr.slot)
  if (!store || !mustAlias(placeOf(store), { memory: 'stack', root: root as Inst, offset, bytes: size })) return false
  const value = store.args[1]!
  return value.op === 'const' && BigInt.asUintN(size * 8, value.attr.value) === 0n
}
