/**
 * A key that was copied from memory to the stack only to be passed by address is passed where it lies.
 *   in:  valid SSA
 *   out: the same with fewer stack copies; the store and the slot are left to dse
 *
 *   v3 = load.32 v1+26                          v5:ptr = add.64 v1, 26
 *   store.32 s0+0, v3                      =>
 *   v4:ptr = call map_lookup_elem m, s0         v4:ptr = call map_lookup_elem m, v5
 *
 * Verifier: keys and values may lie in map values since 4.18 (d71962f3e627) and in packets since 4.9 (6841de8b0d03), for
 * helpers whose row says so. The load proves that its bytes are inside the bounds already checked. Nothing may write to
 * that memory between the load and the call.
 */
import { anyBetween, escapedSlots, mayWrite, mustAlias, placeOf, pointsInto, rootOf } from '../ssa/alias.ts'
import type { Func } from '../ssa/func.ts'
import type { Block, Inst, InstOf, Slot } from '../ssa/inst.ts'
import { helperRow } from './effects.ts'
import type { Pass } from './pass.ts'

export const directKeys: Pass = {
  name: 'direct-keys',
  run(fn) {
    const escaped = escapedSlots(fn)
    let changed = false
    for (const block of fn.blocks) {
      for (const inst of [...block.insts]) {
        if (inst.op !== 'call') continue
        for (const [i, arg] of inst.args.entries()) {
          const source = rootOf(arg).root.op === 'slot' ? sourceOf(inst, i, escaped) : undefined
          if (!source) continue
          fn.setArg(inst as Inst, i, pointer(fn, inst, source))
          changed = true
        }
      }
    }
    return changed ? 'insts' : false
  },
}

function pointer(fn: Func, call: InstOf<'call'>, load: InstOf<'load'>): Inst {
  const base = load.args[0]!
  const { offset } = load.attr
  if (offset === 0) return base
  const added = fn.insertBefore(call as Inst, 'const', { value: BigInt.asUintN(64, BigInt(offset)) }) as Inst
  return fn.insertBefore(call as Inst, 'add', { width: 64 }, [base, added]) as Inst
}

/** The load whose bytes argument `index` of the call points at a copy of. */
function sourceOf(call: InstOf<'call'>, index: number, escaped: ReadonlySet<Slot>): InstOf<'load'> | undefined {
  const address = call.args[index]!
  const { root, offset } = rootOf(address)
  const size = argumentSize(call, index)
  if (root.op !== 'slot' || offset === undefined || size === undefined || escaped.has(root.attr.slot)) return undefined
  const place = { memory: 'stack', root: root as Inst, offset, bytes: size } as const
  const store = lastStoreTo(call, root.attr.slot)
  if (!store || !mustAlias(placeOf(store), place)) return undefined
  const load = store.args[1]!
  if (load.op !== 'load' || load.attr.bits !== size * 8 || !readableByHelpers(load, call)) return undefined
  const source = placeOf(load)
  return anyBetween(load as Inst, call as Inst, (inst) => mayWrite(inst, source, escaped)) ? undefined : load
}

/** Bytes behind argument `index`, when it is a key or value that the helper only reads. */
export function argumentSize(call: InstOf<'call'>, index: number): number | undefined {
  const kind = helperRow(call as Inst)?.args[index]
  if (kind?.kind !== 'mapKey' && kind?.kind !== 'mapValue') return undefined
  // A helper that writes through the argument must keep its own memory.
  if (helperRow(call as Inst)!.effects.writes.includes('stack')) return undefined
  const map = call.args[kind.map]
  if (map?.op !== 'mapRef') return undefined
  return kind.kind === 'mapKey' ? map.attr.map.keySize : map.attr.map.valueSize
}

function readableByHelpers(load: InstOf<'load'>, call: InstOf<'call'>): boolean {
  const { memory } = placeOf(load)
  if (memory === 'mapValue') return true
  return memory === 'packet' && helperRow(call as Inst)?.packetArgs === true
}

/** The store that is the last to write to the slot on every path to the call; the slot must not have escaped. */
export function lastStoreTo(call: InstOf<'call'>, slot: Slot): InstOf<'store'> | undefined {
  let block: Block | undefined = call.block!
  let at = block.insts.indexOf(call as Inst)
  for (const seen = new Set<Block>(); block && !seen.has(block); ) {
    seen.add(block)
    for (let i = at - 1; i >= 0; i--) {
      const inst: Inst = block.insts[i]!
      const touches = inst.op === 'call' ? inst.args.some((arg) => pointsInto(arg, slot)) : false
      if (inst.op === 'invoke' && inst.args.some((arg) => pointsInto(arg, slot))) return undefined
      if (inst.op === 'asm' || (touches && helperRow(inst)!.effects.writes.includes('stack'))) return undefined
      if ((inst.op === 'store' || inst.op === 'atomic') && pointsInto(inst.args[0]!, slot)) {
        return inst.op === 'store' ? inst : undefined
      }
    }
    block = block.preds.length === 1 ? block.preds[0] : undefined
    at = block?.insts.length ?? 0
  }
  return undefined
}
