/**
 * A block that only sets registers to constants and goes on is emptied by setting them before the branches that lead to
 * it; jumps then pass it by, which saves the jump or exit at its end.
 *
 *   if r2 > r1 goto A                r0 = 2
 *   ...                              if r2 > r1 goto X
 *   r0 = 1                    ->     ...
 *   exit                             r0 = 1
 *   A: r0 = 2                        X: exit
 *   exit
 *
 * Allowed when no instruction on the way touches the register and nothing else wants its old value. Runs before
 * allocation (phi copies on edges; the allocator then keeps the register free) and after it (return values).
 */
import { computeLiveness } from './liveness.ts'
import type { MachBlock, MachFunc, MachInst, Reg } from './mach.ts'
import { isRemat, isVirtual, physDefs, physUses, predecessors, sameRemat, terminatorOf } from './mach.ts'
import { immediateDominators } from './mach-dom.ts'

/** The register holds a value that is wanted at the start of the block. */
export type LiveAt = (block: MachBlock, reg: Reg) => boolean

/** Set them right before the last branch on all paths, or as early as possible (one place may then serve more paths). */
export type PresetPlace = 'late' | 'early'

/** Before allocation: edge blocks with equal constants become one, then move up. True when something changed. */
export function presetPhis(fn: MachFunc, where: PresetPlace): boolean {
  if (!fn.blocks.some(isConstantBlock)) return false
  mergeEqualEdges(fn)
  let changed = false
  while (presetConstants(fn, virtualLiveness(fn), where)) changed = true
  return changed
}

function virtualLiveness(fn: MachFunc): LiveAt {
  const liveness = computeLiveness(fn)
  // Physical registers are not set here: their lifetimes must stay within a block until allocation.
  return (block, reg) => !isVirtual(reg) || liveness.isLiveIn(block, reg)
}

const isConstantBlock = (block: MachBlock): boolean =>
  block.succs.length === 1 && block.insts.length > 0 && block.insts.every(isRemat)

function mergeEqualEdges(fn: MachFunc): void {
  const kept: MachBlock[] = []
  const replaced = new Map<MachBlock, MachBlock>()
  for (const block of fn.blocks.slice(1)) {
    if (!isConstantBlock(block)) continue
    const same = kept.find((other) => isSameBlock(other, block))
    if (same) replaced.set(block, same)
    else kept.push(block)
  }
  if (replaced.size === 0) return
  for (const block of fn.blocks) block.succs = block.succs.map((succ) => replaced.get(succ) ?? succ)
  fn.blocks = fn.blocks.filter((block) => !replaced.has(block))
}

function isSameBlock(a: MachBlock, b: MachBlock): boolean {
  if (a.succs[0] !== b.succs[0] || a.insts.length !== b.insts.length) return false
  return a.insts.every((inst, i) => inst.dst === b.insts[i]!.dst && sameRemat(inst, b.insts[i]!))
}

/** Empties blocks where possible; true when more may follow. */
export function presetConstants(fn: MachFunc, liveAt: LiveAt, where: PresetPlace): boolean {
  const preds = predecessors(fn)
  let idom: Map<MachBlock, MachBlock> | undefined
  // What `liveAt` says of these is out of date.
  const moved = new Set<Reg>()
  let changed = false
  for (const block of fn.blocks) {
    // An unconditional predecessor would still have to jump.
    if (!isConstantBlock(block) || preds.get(block)!.some((pred) => pred.succs.length < 2)) continue
    if (block.insts.some((inst) => moved.has(inst.dst))) continue
    idom ??= immediateDominators(fn)
    const place = findPlace(block, where, { idom, preds, liveAt })
    if (!place) continue
    const at = place.insts.length - (terminatorOf(place) ? 1 : 0)
    place.insts.splice(at, 0, ...block.insts)
    for (const inst of block.insts) moved.add(inst.dst)
    block.insts = []
    changed = true
  }
  return changed
}

interface PlaceContext {
  readonly idom: ReadonlyMap<MachBlock, MachBlock>
  readonly preds: ReadonlyMap<MachBlock, readonly MachBlock[]>
  readonly liveAt: LiveAt
}

function findPlace(block: MachBlock, where: PresetPlace, { idom, preds, liveAt }: PlaceContext): MachBlock | undefined {
  let place: MachBlock | undefined
  for (let at = idom.get(block); at && canPreset(block, at, preds, liveAt); at = idom.get(at)) {
    place = at
    if (where === 'late') break
  }
  return place
}

function canPreset(
  block: MachBlock,
  place: MachBlock,
  preds: ReadonlyMap<MachBlock, readonly MachBlock[]>,
  liveAt: LiveAt,
): boolean {
  const regs = block.insts.map((inst) => inst.dst)
  const region = between(place, block, preds)
  if (region.has(place)) return false
  for (const from of [place, ...region]) {
    const insts = from === place ? [terminatorOf(place)] : from.insts
    if (insts.some((inst) => inst && regs.some((reg) => touches(inst, reg)))) return false
    for (const succ of from.succs) {
      if (succ !== block && !region.has(succ) && regs.some((reg) => liveAt(succ, reg))) return false
    }
  }
  return true
}

/** Blocks on the paths from the end of `place` to `block`. */
function between(
  place: MachBlock,
  block: MachBlock,
  preds: ReadonlyMap<MachBlock, readonly MachBlock[]>,
): Set<MachBlock> {
  const region = new Set<MachBlock>()
  const work = [block]
  for (let at = work.pop(); at; at = work.pop()) {
    for (const pred of preds.get(at)!) {
      if (pred === place || region.has(pred)) continue
      region.add(pred)
      work.push(pred)
    }
  }
  return region
}

function touches(inst: MachInst, reg: Reg): boolean {
  if ((inst.dst === reg && inst.dstRole) || (inst.src === reg && inst.srcRole)) return true
  return !isVirtual(reg) && (((physUses(inst) | physDefs(inst) | inst.clobbers) >> reg) & 1) === 1
}
