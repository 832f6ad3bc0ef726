/**
 * Control flow of one BPF function: what its first instruction reaches, as blocks in reverse postorder with immediate
 * dominators. Code that two functions reach is in both.
 */
import { immediateDominators, postorderFrom } from '../graph/graph.ts'
import { type Code, GROUP } from '../vm/code.ts'

export interface Block {
  /** Instructions first .. last; empty (last < first) behind the program's end. */
  readonly first: number
  last: number
  /** A conditional jump has the block it jumps to first, then the next one. */
  succs: Block[]
  preds: Block[]
  /** Position in `Cfg.order`. */
  rpo: number
}

export interface Cfg {
  readonly order: readonly Block[]
  /** Position of the immediate dominator; the entry's is its own. */
  readonly idom: Int32Array
  /** Every loop is entered at one block only. */
  readonly reducible: boolean
}

const isJump = (group: number): boolean => group === GROUP.jump64 || group === GROUP.jump32
const endsBlock = (group: number): boolean => isJump(group) || group === GROUP.goto || group === GROUP.exit

/** Instructions that may follow; one behind the last is the end of the program, which faults. */
function successors(code: Code, i: number): number[] {
  const group = code.group[i]!
  if (group === GROUP.exit) return []
  if (group === GROUP.goto) return [code.target[i]!]
  return isJump(group) ? [code.target[i]!, i + 1] : [i + 1]
}

export function buildCfg(code: Code, entry: number): Cfg {
  const leaders = findLeaders(code, entry)
  const blocks = new Map<number, Block>()
  for (const first of leaders) blocks.set(first, { first, last: first - 1, succs: [], preds: [], rpo: -1 })
  const end = code.group.length
  for (const block of blocks.values()) {
    let i = block.first
    while (i < end) {
      block.last = i
      if (endsBlock(code.group[i]!) || blocks.has(i + 1)) break
      i++
    }
    if (block.last < block.first) continue
    block.succs = successors(code, block.last).map((target) => blocks.get(target)!)
  }
  const order = postorderFrom(blocks.get(entry)!).reverse()
  const index = new Map(order.map((block, i) => [block, i]))
  for (const [i, block] of order.entries()) {
    block.rpo = i
    for (const succ of block.succs) succ.preds.push(block)
  }
  const idom = immediateDominators(order, index, (block) => block.preds)
  return { order, idom, reducible: isReducible(order, idom) }
}

/** First instructions of blocks, of all that `entry` reaches. */
function findLeaders(code: Code, entry: number): Set<number> {
  const end = code.group.length
  const leaders = new Set<number>([entry])
  const seen = new Uint8Array(end + 1)
  const work = [entry]
  for (let start = work.pop(); start !== undefined; start = work.pop()) {
    let i = start
    while (i < end && seen[i] === 0) {
      seen[i] = 1
      if (endsBlock(code.group[i]!)) {
        for (const target of successors(code, i)) {
          leaders.add(target)
          work.push(target)
        }
        break
      }
      i++
    }
    if (i === end) leaders.add(end)
  }
  return leaders
}

/** A backward edge of the order that does not go to a dominator enters a loop in its middle. */
function isReducible(order: readonly Block[], idom: Int32Array): boolean {
  const dominates = (a: number, b: number): boolean => {
    while (b > a) b = idom[b]!
    return a === b
  }
  return order.every((block) => block.succs.every((succ) => succ.rpo > block.rpo || dominates(succ.rpo, block.rpo)))
}
