/**
 * Cross jumping: blocks that end alike and go to the same places share their end.
 *
 *   A: *(r10 - 4) = 1         A: *(r10 - 4) = 1
 *      r1 = map                  goto S
 *      call 1            ->   B: *(r10 - 4) = 2
 *      goto C                 S: r1 = map
 *   B: *(r10 - 4) = 2            call 1
 *      r1 = map               C: ...
 *      call 1
 *   C: ...
 *
 * Memory accesses merge only when both are known to reach the same kind of memory: the verifier refuses one instruction
 * with different kinds of pointers (see pointer-space).
 */
import { isMemory, OP } from '../encoding.ts'
import type { MachBlock, MachFunc, MachInst } from '../mach.ts'
import { sameWide } from '../mach.ts'

/** True when two blocks were merged. */
export function mergeTails(fn: MachFunc): boolean {
  const groups = new Map<string, MachBlock[]>()
  for (const block of fn.blocks) {
    if (block.insts.length === 0) continue
    const key = `${block.succs.map((succ) => succ.id).join(',')}:${hashInst(block.insts.at(-1)!)}`
    const group = groups.get(key)
    if (group) group.push(block)
    else groups.set(key, [block])
  }
  for (const group of groups.values()) if (group.length > 1 && mergeBest(fn, group)) return true
  return false
}

function hashInst(inst: MachInst): string {
  return `${inst.opcode} ${inst.dst} ${inst.src} ${inst.off} ${inst.imm} ${inst.slot?.id ?? ''}`
}

/** Merges the pair of blocks with the longest common end. */
function mergeBest(fn: MachFunc, group: readonly MachBlock[]): boolean {
  let best: { a: MachBlock; b: MachBlock; length: number } | undefined
  for (let i = 0; i < group.length; i++) {
    for (let j = i + 1; j < group.length; j++) {
      const a = group[i]!
      const b = group[j]!
      const length = commonEnd(a, b)
      if (length > (best?.length ?? 0)) best = { a, b, length }
    }
  }
  // A lone exit is copied, not jumped to.
  if (!best || (best.length === 1 && best.a.insts.at(-1)!.opcode === OP.EXIT)) return false
  split(fn, best.a, best.b, best.length)
  return true
}

function commonEnd(a: MachBlock, b: MachBlock): number {
  let length = 0
  while (length < a.insts.length && length < b.insts.length) {
    if (!isSame(a.insts.at(-1 - length)!, b.insts.at(-1 - length)!)) break
    length++
  }
  return length
}

function isSame(a: MachInst, b: MachInst): boolean {
  if (isMemory(a.opcode) && (a.space === undefined || a.space !== b.space)) return false
  return (
    a.opcode === b.opcode &&
    a.dst === b.dst &&
    a.src === b.src &&
    a.off === b.off &&
    a.imm === b.imm &&
    a.slot === b.slot &&
    a.raw === b.raw &&
    a.core === b.core &&
    // Calls of functions all look alike until they are linked.
    a.callee?.decl === b.callee?.decl &&
    sameWide(a.wide, b.wide)
  )
}

/** Both blocks go on to a block with their common end; one that is all end is that block. */
function split(fn: MachFunc, a: MachBlock, b: MachBlock, length: number): void {
  const whole = [a, b].find((block) => block.insts.length === length && block !== fn.blocks[0])
  let end = whole
  if (!end) {
    const id = Math.max(...fn.blocks.map((block) => block.id)) + 1
    end = { id, insts: a.insts.slice(-length), succs: [...a.succs], depth: Math.min(a.depth, b.depth) }
    fn.blocks.splice(fn.blocks.indexOf(b) + 1, 0, end)
  }
  for (const block of [a, b]) {
    if (block === end) continue
    block.insts = block.insts.slice(0, -length)
    block.succs = [end]
  }
}
