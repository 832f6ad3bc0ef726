/**
 * Turns a control flow graph into WebAssembly's nested blocks and loops. Reducible graphs by the dominator tree (Ramsey,
 * "Beyond Relooper", ICFP 2022): what a block dominates is written inside or behind it, blocks with several forward
 * edges become the end of a `block` around all who jump to them. Others become a loop around a jump table. Without
 * recursion, since functions may be thousands of blocks deep.
 */
import type { Block, Cfg } from './cfg.ts'
import type { Emitter, Label } from './emitter.ts'
import { I32, OP } from './ops.ts'

export interface BlockWriter {
  readonly emitter: Emitter
  /** All of the block but the choice of a conditional jump; `exit` leaves the function by itself. */
  body(block: Block): void
  /** Puts the condition of the block's last instruction on the stack. */
  condition(block: Block): void
  /** An i32 local of the dispatch loop. */
  readonly state: number
}

export function writeControlFlow(cfg: Cfg, writer: BlockWriter): void {
  if (cfg.reducible) new Structurer(cfg, writer).run()
  else writeDispatch(cfg, writer)
}

type Task =
  | { readonly kind: 'tree'; readonly block: Block }
  | { readonly kind: 'within'; readonly block: Block; readonly merges: readonly Block[]; readonly next: number }
  | { readonly kind: 'branch'; readonly from: Block; readonly to: Block }
  | { readonly kind: 'close' }

class Structurer {
  private readonly cfg: Cfg
  private readonly writer: BlockWriter
  private readonly blockLabels = new Map<Block, Label>()
  private readonly loopLabels = new Map<Block, Label>()
  /** By position in the order: children with several forward edges, the last one first; blocks of the subtree. */
  private readonly merges: Block[][]
  private readonly sizes: Int32Array

  constructor(cfg: Cfg, writer: BlockWriter) {
    this.cfg = cfg
    this.writer = writer
    const { order, idom } = cfg
    this.merges = order.map(() => [])
    this.sizes = new Int32Array(order.length).fill(1)
    for (let i = order.length - 1; i > 0; i--) {
      this.sizes[idom[i]!]! += this.sizes[i]!
      if (isMerge(order[i]!)) this.merges[idom[i]!]!.push(order[i]!)
    }
  }

  run(): void {
    // The next task is the last one.
    const tasks: Task[] = [{ kind: 'tree', block: this.cfg.order[0]! }]
    for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) tasks.push(...this.perform(task).reverse())
  }

  /** Gives back what is to be written next, in that order. */
  private perform(task: Task): Task[] {
    switch (task.kind) {
      case 'tree':
        return this.tree(task.block)
      case 'within':
        return this.within(task.block, task.merges, task.next)
      case 'branch':
        return this.branch(task.from, task.to)
      case 'close':
        this.writer.emitter.close()
        return []
    }
  }

  private tree(block: Block): Task[] {
    const inside: Task = { kind: 'within', block, merges: this.merges[block.rpo]!, next: 0 }
    if (!block.preds.some((pred) => pred.rpo >= block.rpo)) return [inside]
    this.loopLabels.set(block, this.writer.emitter.open('loop'))
    return [inside, { kind: 'close' }]
  }

  private within(block: Block, merges: readonly Block[], next: number): Task[] {
    const merge = merges[next]
    if (merge === undefined) return this.content(block)
    this.blockLabels.set(merge, this.writer.emitter.open('block'))
    return [{ kind: 'within', block, merges, next: next + 1 }, { kind: 'close' }, { kind: 'tree', block: merge }]
  }

  private content(block: Block): Task[] {
    this.writer.body(block)
    const [taken, other] = block.succs
    if (taken === undefined) return []
    if (other === undefined) return [{ kind: 'branch', from: block, to: taken }]
    this.writer.condition(block)
    return this.choice(block, taken, other)
  }

  private choice(block: Block, taken: Block, other: Block): Task[] {
    const { emitter } = this.writer
    const takenLabel = this.label(block, taken)
    if (takenLabel !== undefined) {
      emitter.branch('brIf', takenLabel)
      return [{ kind: 'branch', from: block, to: other }]
    }
    const otherLabel = this.label(block, other)
    if (otherLabel !== undefined) {
      emitter.op(I32.eqz).branch('brIf', otherLabel)
      return [{ kind: 'branch', from: block, to: taken }]
    }
    // The smaller part is the nested one, so that nesting stays logarithmic in chains of tests.
    const nestTaken = this.sizes[taken.rpo]! <= this.sizes[other.rpo]!
    if (!nestTaken) emitter.op(I32.eqz)
    emitter.when()
    const [nested, flat] = nestTaken ? [taken, other] : [other, taken]
    return [{ kind: 'tree', block: nested }, { kind: 'close' }, { kind: 'tree', block: flat }]
  }

  private branch(from: Block, to: Block): Task[] {
    const label = this.label(from, to)
    if (label === undefined) return [{ kind: 'tree', block: to }]
    this.writer.emitter.branch('br', label)
    return []
  }

  /** undefined: `to` is written right here. */
  private label(from: Block, to: Block): Label | undefined {
    if (to.rpo <= from.rpo) return this.loopLabels.get(to)
    return isMerge(to) ? this.blockLabels.get(to) : undefined
  }
}

function isMerge(block: Block): boolean {
  let forward = 0
  for (const pred of block.preds) if (pred.rpo < block.rpo) forward++
  return forward > 1
}

function writeDispatch({ order }: Cfg, { emitter, body, condition, state }: BlockWriter): void {
  const again = emitter.open('loop')
  const labels = order.map(() => emitter.open('block')).reverse()
  emitter.get(state).table(labels)
  for (const block of order) {
    emitter.close()
    body(block)
    const [taken, other] = block.succs
    if (taken === undefined) continue
    if (other !== undefined) {
      emitter.i32(taken.rpo).i32(other.rpo)
      condition(block)
      emitter.op(OP.select)
    } else emitter.i32(taken.rpo)
    emitter.set(state).branch('br', again)
  }
  emitter.close()
}
