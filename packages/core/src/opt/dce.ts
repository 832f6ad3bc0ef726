/**
 * Dead code elimination.
 *   in:  valid SSA
 *   out: every remaining instruction has an effect, or contributes to one
 * Effects come from tables/ir-ops and the helpers' rows; this file names no opcode.
 *
 *   v1 = add.64 v0, v0   ; removed: nothing uses it
 *   ret v0
 */
import type { Func } from '../ssa/func.ts'
import type { Inst } from '../ssa/inst.ts'
import { isRemovable } from './effects.ts'
import type { Pass } from './pass.ts'

export const dce: Pass = {
  name: 'dce',
  run(fn) {
    const dead = deadInsts(fn)
    if (dead.size === 0) return false
    fn.removeInsts(dead)
    return 'insts'
  },
}

/** Marks from the instructions that must stay, so that dead cycles through phis are found too. */
function deadInsts(fn: Func): Set<Inst> {
  const live = new Set<Inst>()
  const work: Inst[] = []
  const mark = (inst: Inst): void => {
    if (live.has(inst)) return
    live.add(inst)
    work.push(inst)
  }
  for (const block of fn.blocks) for (const inst of block.insts) if (!isRemovable(inst)) mark(inst)
  for (let inst = work.pop(); inst; inst = work.pop()) for (const arg of inst.args) mark(arg)
  const dead = new Set<Inst>()
  for (const block of fn.blocks) for (const inst of block.insts) if (!live.has(inst)) dead.add(inst)
  return dead
}
