/**
 * A key or value that already lies on the stack is not stored a second time.
 *   in:  valid SSA
 *   out: the same with fewer stores; the second slot is left to dse
 *
 *   store.32 s0+0, v1;  call map_lookup_elem m, s0
 *   store.32 s1+0, v1;  call map_delete_elem m, s1     =>    call map_delete_elem m, s0
 *
 * Runs after tail merging, which wants each operation to have slots of its own.
 */
import { anyBetween, escapedSlots, mayWrite, mustAlias, placeOf, rootOf } from '../ssa/alias.ts'
import type { DomTree } from '../ssa/dom.ts'
import type { Func } from '../ssa/func.ts'
import type { Inst, InstOf, Slot } from '../ssa/inst.ts'
import { argumentSize, lastStoreTo } from './direct-keys.ts'
import type { Pass } from './pass.ts'

type Store = InstOf<'store'>

export const shareKeys: Pass = {
  name: 'share-keys',
  run(fn, cx) {
    const escaped = escapedSlots(fn)
    const stores = storesToSlots(fn, escaped)
    const dom = cx.dom()
    let changed = false
    for (const block of dom.order) {
      for (const inst of [...block.insts]) {
        if (inst.op === 'call') changed = shareArguments(fn, inst, { stores, dom, escaped }) || changed
      }
    }
    return changed ? 'insts' : false
  },
}

interface Sharing {
  readonly stores: readonly Store[]
  readonly dom: DomTree
  readonly escaped: ReadonlySet<Slot>
}

function storesToSlots(fn: Func, escaped: ReadonlySet<Slot>): Store[] {
  const stores: Store[] = []
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      if (inst.op !== 'store') continue
      const { root, offset } = placeOf(inst)
      if (root.op === 'slot' && offset !== undefined && !escaped.has(root.attr.slot)) stores.push(inst)
    }
  }
  return stores
}

function shareArguments(fn: Func, call: InstOf<'call'>, cx: Sharing): boolean {
  let changed = false
  for (const [i, arg] of call.args.entries()) {
    const size = argumentSize(call, i)
    const { root, offset } = rootOf(arg)
    if (root.op !== 'slot' || offset === undefined || size === undefined || cx.escaped.has(root.attr.slot)) continue
    const own = lastStoreTo(call, root.attr.slot)
    if (!own || !mustAlias(placeOf(own), { memory: 'stack', root: root as Inst, offset, bytes: size })) continue
    const other = cx.stores.find((store) => holdsTheSame(store, own, call, cx))
    if (!other) continue
    fn.setArg(call as Inst, i, addressOf(fn, call, other))
    changed = true
  }
  return changed
}

/** Another slot has held the same bytes since before `own`, and still does at the call. */
function holdsTheSame(store: Store, own: Store, call: InstOf<'call'>, { dom, escaped }: Sharing): boolean {
  const place = placeOf(store)
  if (store === own || mustAlias(place, placeOf(own)) || store.attr.bits !== own.attr.bits) return false
  const [a, b] = [store.args[1]!, own.args[1]!]
  const equal = a === b || (a.op === 'const' && b.op === 'const' && a.attr.value === b.attr.value)
  if (!equal || !dom.precedes(store as Inst, own as Inst)) return false
  return !anyBetween(store as Inst, call as Inst, (inst) => mayWrite(inst, place, escaped))
}

function addressOf(fn: Func, call: InstOf<'call'>, store: Store): Inst {
  const { root, offset } = placeOf(store)
  const slot = fn.insertBefore(call as Inst, 'slot', (root as InstOf<'slot'>).attr) as Inst
  if (offset === 0) return slot
  const added = fn.insertBefore(call as Inst, 'const', { value: BigInt.asUintN(64, BigInt(offset!)) }) as Inst
  return fn.insertBefore(call as Inst, 'add', { width: 64 }, [slot, added]) as Inst
}
