/**
 * A block that only sets registers to constants and goes on is emptied by setting them earlier, before the branches that
 * lead to it; jumps then pass it by, which saves the jump or exit at its end.
 *
 *   if r2 > r1 goto A                r0 = 2
 *   ...                              if r2 > r1 goto X
 *   r0 = 1                    ->     ...
 *   exit                             r0 = 1
 *   A: r0 = 2                        X: exit
 *   exit
 *
 * Allowed when no instruction on the way touches the register and nothing else wants its old value.
 */
import type { MachBlock, MachFunc, MachInst } from '../mach.ts'
import { isRemat, physDefs, physUses, predecessors, terminatorOf } from '../mach.ts'
import { liveAtStart } from './phys-liveness.ts'

/** True when a block was emptied. */
export function hoistValues(fn: MachFunc): boolean {
  const preds = predecessors(fn)
  for (const block of fn.blocks) {
    if (block.succs.length !== 1 || block.insts.length === 0 || !block.insts.every(isRemat)) continue
    const place = hoistPlace(fn, block, preds)
    if (!place) continue
    const at = place.insts.length - (terminatorOf(place) ? 1 : 0)
    place.insts.splice(at, 0, ...block.insts)
    block.insts = []
    return true
  }
  return false
}

/** The block that every path to `block` passes last, when the constants may be set at its end. */
function hoistPlace(
  fn: MachFunc,
  block: MachBlock,
  preds: ReadonlyMap<MachBlock, readonly MachBlock[]>,
): MachBlock | undefined {
  // An unconditional predecessor would still have to jump.
  if (preds.get(block)!.some((pred) => pred.succs.length < 2)) return undefined
  const mask = block.insts.reduce((all, inst) => all | physDefs(inst), 0)
  const live = liveAtStart(fn)
  const region = new Set<MachBlock>([block])
  const work = [block]
  let place: MachBlock | undefined
  for (let at = work.pop(); at; at = work.pop()) {
    for (const pred of preds.get(at)!) {
      if (region.has(pred) || pred === place) continue
      if (!isUntouched(pred, mask) || preds.get(pred)!.length === 0) {
        if (place) return undefined
        place = pred
      } else {
        region.add(pred)
        work.push(pred)
      }
    }
  }
  return place && isFree(place, region, { block, mask, live }) ? place : undefined
}

interface Wanted {
  readonly block: MachBlock
  readonly mask: number
  readonly live: ReadonlyMap<MachBlock, number>
}

/** Setting the registers at the end of `place` disturbs nothing. */
function isFree(place: MachBlock, region: ReadonlySet<MachBlock>, { block, mask, live }: Wanted): boolean {
  const last = terminatorOf(place)
  if (last && physUses(last) & mask) return false
  for (const from of [place, ...region]) {
    if (from === block) continue
    for (const succ of from.succs) if (!region.has(succ) && live.get(succ)! & mask) return false
  }
  return true
}

function isUntouched(block: MachBlock, mask: number): boolean {
  return block.insts.every((inst) => !touches(inst, mask))
}

function touches(inst: MachInst, mask: number): boolean {
  return ((physUses(inst) | physDefs(inst) | inst.clobbers) & mask) !== 0
}
