/**
 * A store of a number that was only chosen for it is done where the choice is made, as an immediate store.
 *   in:  valid SSA, tails merged
 *   out: no store to the stack of a phi of different constants that nothing else uses
 *
 *   b1: jump b3    b2: jump b3                 b1: store.32 s0+0, 1; jump b3
 *   b3: v1 = phi [1, 2]                  =>    b2: store.32 s0+0, 2; jump b3
 *       store.32 s0+0, v1                      b3:
 *
 * Merged counters look like this: each way sets a register, one store writes the key. The register costs a slot more
 * than the stores. Verifier: a stack slot that holds a number, whatever the way, is as good as before.
 */
import { escapedSlots, pointsInto } from '../ssa/alias.ts'
import { postorder } from '../ssa/cfg.ts'
import type { Func } from '../ssa/func.ts'
import type { Block, Inst, InstOf, Slot } from '../ssa/inst.ts'
import { type SlotLiveness, slotLiveness, touchesBySlot } from '../ssa/slot-liveness.ts'
import type { Pass } from './pass.ts'
import { fitsImmediate } from './simplify/rule.ts'

export const spreadStores: Pass = {
  name: 'spread-stores',
  run(fn) {
    const found = fn.blocks.flatMap((block) => chosenStores(fn, block))
    if (found.length === 0) return false
    const touches = touchesBySlot(fn, escapedSlots(fn))
    const order = postorder(fn)
    let changed = false
    for (const choice of found) {
      const touching = touches.get(choice.slot)
      const places = touching && placesOf(choice, slotLiveness(choice.slot, order, touching))
      if (!places) continue
      spread(fn, choice, places)
      changed = true
      // The lists of touching instructions are stale for this slot; the next run sees what is left of it.
      touches.delete(choice.slot)
    }
    return changed ? 'insts' : false
  },
}

interface Choice {
  readonly store: InstOf<'store'>
  readonly phi: InstOf<'phi'>
  readonly slot: Slot
}

function chosenStores(fn: Func, block: Block): Choice[] {
  return fn.phis(block).flatMap((phi) => {
    const [user, ...others] = phi.uses
    if (user?.op !== 'store' || others.length > 0 || user.block !== block || user.args[1] !== phi) return []
    const [address] = user.args
    if (address?.op !== 'slot' || !phi.args.every(isImmediate) || new Set(block.preds).size < block.preds.length)
      return []
    const { slot } = address.attr
    const before = block.insts.slice(0, block.insts.indexOf(user as Inst))
    if (before.some((inst) => inst.op === 'asm' || inst.args.some((arg) => pointsInto(arg, slot)))) return []
    return [{ store: user, phi, slot }]
  })
}

const isImmediate = (arg: Inst): boolean => arg.op === 'const' && fitsImmediate(arg.attr.value)
const numberOf = (arg: Inst): bigint => (arg as InstOf<'const'>).attr.value

/** Where to store what: the end of a block. */
type Places = ReadonlyMap<Block, Inst>

/** Undefined when a register is no dearer, or when another way reads the slot. */
function placesOf({ store, phi, slot }: Choice, { liveIn }: SlotLiveness): Places | undefined {
  const block = store.block!
  const isDeadBeside = (at: Block, target: Block): boolean =>
    at.succs.every((succ) => succ === target || liveIn(succ) === 0n)
  const places = new Map<Block, Inst>()
  for (const [i, pred] of block.preds.entries()) {
    const value = phi.args[i]!
    const [above, ...more] = pred.preds
    const single = above && more.length === 0 ? above : undefined
    const aboveValue = single && phi.args[block.preds.indexOf(single)]
    // The store of the block above is the same one.
    if (aboveValue && numberOf(aboveValue) === numberOf(value) && !touches(pred, slot)) continue
    // Before the branch, so that the block on the edge can go.
    const at = single && !aboveValue && isEmpty(pred) && isDeadBeside(single, pred) ? single : pred
    if (places.has(at) || !isDeadBeside(at, at === pred ? block : pred)) return undefined
    places.set(at, value)
  }
  const registers = new Set(phi.args.map(numberOf)).size
  return places.size <= registers ? places : undefined
}

function touches(block: Block, slot: Slot): boolean {
  return block.insts.some((inst) => inst.op === 'asm' || inst.args.some((arg) => pointsInto(arg, slot)))
}

function isEmpty(block: Block): boolean {
  return block.insts.every(({ op }) => op === 'const' || op === 'jump')
}

function spread(fn: Func, { store, phi, slot }: Choice, places: Places): void {
  const { attr, span } = store
  for (const [block, value] of places) {
    const end = block.insts.at(-1)!
    const address = fn.insertBefore(end, 'slot', { slot }, [], { span }) as Inst
    const constant = fn.insertBefore(end, 'const', { value: numberOf(value) }, [], { span }) as Inst
    fn.insertBefore(end, 'store', attr, [address, constant], { span })
  }
  fn.removeInst(store as Inst)
  fn.removeInst(phi as Inst)
}
