/**
 * One `exit` for the function. Layout lets one predecessor fall into it and gives the others an `exit` of their own
 * where they would need a jump, so this never costs a slot; but conditional jumps to a bare return share it.
 */
import { OP } from '../encoding.ts'
import type { MachBlock, MachFunc, MachInst } from '../mach.ts'
import { mach } from '../mach.ts'

export function shareExit(fn: MachFunc): void {
  const returning = fn.blocks.filter((block) => block.insts.at(-1)?.opcode === OP.EXIT)
  if (returning.length === 0) return
  const last = returning.at(-1)!.insts.at(-1) as MachInst
  const id = Math.max(...fn.blocks.map((block) => block.id)) + 1
  const exit: MachBlock = { id, insts: [mach(OP.EXIT, { uses: 1, span: last.span })], succs: [], depth: 0 }
  for (const block of returning) {
    block.insts.pop()
    block.succs = [exit]
  }
  fn.blocks.push(exit)
}
