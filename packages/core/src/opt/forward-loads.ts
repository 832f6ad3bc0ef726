/**
 * Store-to-load forwarding: a load of bytes that a store has just written is replaced by the stored value.
 *   in:  valid SSA
 *   out: the same, with fewer loads; stores that nobody reads any more are left to dse
 *
 *   store.32 s+0, v1
 *   v2 = load.32 s+0        =>  v2 = zext.32 v1
 *
 * Looks backwards in the block and through single predecessors. Pointers that were spilled by the user stay loads: the
 * type of the loaded value must be a number on both sides.
 */
import type { Place } from '../ssa/alias.ts'
import { escapedSlots, mayWrite, mustAlias, placeOf } from '../ssa/alias.ts'
import type { Func } from '../ssa/func.ts'
import type { Block, Inst, InstOf, Slot } from '../ssa/inst.ts'
import type { Pass } from './pass.ts'

export const forwardLoads: Pass = {
  name: 'forward-loads',
  run(fn) {
    const escaped = escapedSlots(fn)
    let changed = false
    for (const block of fn.blocks) {
      for (const inst of [...block.insts]) {
        if (inst.op === 'load' && inst.type === 'int') changed = forward(fn, inst, escaped) || changed
      }
    }
    return changed ? 'insts' : false
  },
}

function forward(fn: Func, load: InstOf<'load'>, escaped: ReadonlySet<Slot>): boolean {
  const store = lastStore(load, placeOf(load), escaped)
  const value = store?.args[1]
  if (value?.type !== 'int') return false
  const { bits } = load.attr
  if (bits === 64) fn.replaceInst(load as Inst, value)
  else fn.rewrite(load as Inst, 'zext', { bits }, [value])
  return true
}

/** The store that wrote exactly this place on every path here. */
function lastStore(load: InstOf<'load'>, place: Place, escaped: ReadonlySet<Slot>): InstOf<'store'> | undefined {
  let block: Block | undefined = load.block!
  let at = block.insts.indexOf(load as Inst)
  for (const seen = new Set<Block>(); block && !seen.has(block); ) {
    seen.add(block)
    for (let i = at - 1; i >= 0; i--) {
      const inst: Inst = block.insts[i]!
      if (inst.op === 'store' && mustAlias(placeOf(inst), place)) return inst
      if (mayWrite(inst, place, escaped)) return undefined
    }
    block = block.preds.length === 1 ? block.preds[0] : undefined
    at = block?.insts.length ?? 0
  }
  return undefined
}
