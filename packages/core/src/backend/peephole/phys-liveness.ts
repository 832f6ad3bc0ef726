/** Liveness of r0..r9 after allocation, as bit masks. */
import type { MachBlock, MachFunc, MachInst } from '../mach.ts'
import { physDefs, physUses } from '../mach.ts'

export type PhysLiveness = ReadonlyMap<MachBlock, number>

/** Registers alive before the instruction, given those alive after it. */
export function liveBefore(inst: MachInst, after: number): number {
  return (after & ~(physDefs(inst) | inst.clobbers)) | physUses(inst)
}

/** Registers alive at the start of each block. */
export function liveAtStart(fn: MachFunc): PhysLiveness {
  const live = new Map<MachBlock, number>(fn.blocks.map((block) => [block, 0]))
  for (let changed = true; changed; ) {
    changed = false
    for (let i = fn.blocks.length - 1; i >= 0; i--) {
      const block = fn.blocks[i]!
      let mask = liveAtEnd(block, live)
      for (let at = block.insts.length - 1; at >= 0; at--) mask = liveBefore(block.insts[at]!, mask)
      if (mask === live.get(block)) continue
      live.set(block, mask)
      changed = true
    }
  }
  return live
}

export function liveAtEnd(block: MachBlock, live: PhysLiveness): number {
  let mask = 0
  for (const succ of block.succs) mask |= live.get(succ)!
  return mask
}
