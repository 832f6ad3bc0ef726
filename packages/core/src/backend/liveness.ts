/** Which virtual registers are alive at the end of each block: the usual backward data-flow equations on bit sets. */
import type { MachBlock, MachFunc, Reg } from './mach.ts'
import { forEachDef, forEachUse } from './mach.ts'

export interface Liveness {
  /** Calls `visit` for each register alive at the end of the block. */
  forEachLiveOut(block: MachBlock, visit: (reg: Reg) => void): void
  isLiveIn(block: MachBlock, reg: Reg): boolean
}

interface BlockSets {
  /** Read before any write. */
  readonly needs: Uint32Array
  readonly writes: Uint32Array
  readonly liveIn: Uint32Array
  readonly liveOut: Uint32Array
}

const has = (set: Uint32Array, reg: Reg): boolean => ((set[reg >>> 5]! >>> (reg & 31)) & 1) === 1
const add = (set: Uint32Array, reg: Reg): void => {
  set[reg >>> 5]! |= 1 << (reg & 31)
}

export function computeLiveness(fn: MachFunc): Liveness {
  const sets = new Map<MachBlock, BlockSets>()
  for (const block of fn.blocks) sets.set(block, localSets(block, fn.regLimit))
  for (let changed = true; changed; ) {
    changed = false
    for (let i = fn.blocks.length - 1; i >= 0; i--) changed = update(fn.blocks[i]!, sets) || changed
  }
  return {
    forEachLiveOut: (block, visit) => {
      sets.get(block)!.liveOut.forEach((word, index) => {
        for (let rest = word; rest !== 0; rest &= rest - 1) visit(index * 32 + (31 - Math.clz32(rest & -rest)))
      })
    },
    isLiveIn: (block, reg) => has(sets.get(block)!.liveIn, reg),
  }
}

function localSets(block: MachBlock, limit: number): BlockSets {
  const empty = () => new Uint32Array((limit + 31) >>> 5)
  const sets = { needs: empty(), writes: empty(), liveIn: empty(), liveOut: empty() }
  for (const inst of block.insts) {
    forEachUse(inst, (reg) => {
      if (!has(sets.writes, reg)) add(sets.needs, reg)
    })
    forEachDef(inst, (reg) => add(sets.writes, reg))
  }
  sets.liveIn.set(sets.needs)
  return sets
}

function update(block: MachBlock, all: ReadonlyMap<MachBlock, BlockSets>): boolean {
  const { needs, writes, liveIn, liveOut } = all.get(block)!
  let changed = false
  for (const succ of block.succs) {
    const from = all.get(succ)!.liveIn
    for (let i = 0; i < liveOut.length; i++) liveOut[i]! |= from[i]!
  }
  for (let i = 0; i < liveIn.length; i++) {
    const next = (needs[i]! | (liveOut[i]! & ~writes[i]!)) >>> 0
    if (next !== liveIn[i]) {
      liveIn[i] = next
      changed = true
    }
  }
  return changed
}
