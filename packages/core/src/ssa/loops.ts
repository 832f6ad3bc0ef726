/**
 * Natural loops: a back edge goes to a block that dominates its source. Loops with one header are one loop. Irreducible
 * cycles (no front end makes them) are not found and therefore left alone.
 */
import type { DomTree } from './dom.ts'
import type { Func } from './func.ts'
import type { Block } from './inst.ts'

export interface Loop {
  readonly header: Block
  /** Header included. */
  readonly blocks: ReadonlySet<Block>
  /** Sources of the back edges. */
  readonly latches: readonly Block[]
}

export interface LoopInfo {
  /** Inner loops before the loops around them. */
  readonly loops: readonly Loop[]
  /** Number of loops around a block. */
  depth(block: Block): number
}

export function findLoops(fn: Func, dom: DomTree): LoopInfo {
  const latches = new Map<Block, Block[]>()
  for (const block of fn.blocks) {
    for (const succ of block.succs) {
      if (dom.dominates(succ, block)) latches.set(succ, [...(latches.get(succ) ?? []), block])
    }
  }
  const loops = [...latches].map(([header, sources]) => ({ header, latches: sources, blocks: body(header, sources) }))
  loops.sort((a, b) => a.blocks.size - b.blocks.size)
  const depth = new Map<Block, number>()
  for (const loop of loops) for (const block of loop.blocks) depth.set(block, (depth.get(block) ?? 0) + 1)
  return { loops, depth: (block) => depth.get(block) ?? 0 }
}

/** Everything that reaches a latch without passing the header. */
function body(header: Block, latches: readonly Block[]): Set<Block> {
  const blocks = new Set<Block>([header])
  const work = [...latches]
  for (let block = work.pop(); block; block = work.pop()) {
    if (blocks.has(block)) continue
    blocks.add(block)
    work.push(...block.preds)
  }
  return blocks
}
