/**
 * The SSA function: blocks of instructions in one uniform shape. All edits go through the methods of `Func`, which keep
 * use lists, predecessor lists and phi arguments right. Op facts are in tables/ir-ops, never here.
 */
import { invariant } from '../diag/diagnostic.ts'
import type { Span } from '../diag/source.ts'
import type { ProgramDecl } from '../forms/module.ts'
import type { OpName } from '../tables/ir-ops.ts'
import { OPS } from '../tables/ir-ops.ts'
import type { Block, Inst, InstOf, OpAttrs, Slot, SsaType } from './inst.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }
interface MutableInst {
  args: Inst[]
  block: Block | undefined
  uses: Set<Inst>
  type: SsaType
}
interface MutableBlock {
  insts: Inst[]
  preds: Block[]
  succs: Block[]
}
const edit = (inst: Inst): MutableInst => inst as unknown as MutableInst
const editBlock = (block: Block): MutableBlock => block as unknown as MutableBlock

export interface InstOptions {
  readonly span?: Span | undefined
  /** Needed for phi, call and atomic, whose result type is not fixed by the op. */
  readonly type?: SsaType | undefined
}

export class Func {
  readonly program: ProgramDecl
  /** blocks[0] is the entry and has no predecessors. */
  readonly blocks: readonly Block[] = []
  readonly slots: readonly Slot[] = []
  #nextInst = 0
  #nextBlock = 0

  constructor(program: ProgramDecl) {
    this.program = program
  }

  get name(): string {
    return this.program.name
  }

  get entry(): Block {
    return this.blocks[0]!
  }

  /** Upper bound of instruction ids, for arrays indexed by id. */
  get instLimit(): number {
    return this.#nextInst
  }

  /** Upper bound of block ids. */
  get blockLimit(): number {
    return this.#nextBlock
  }

  newBlock(): Block {
    const block: Block = { id: this.#nextBlock++, insts: [], preds: [], succs: [] }
    ;(this.blocks as Block[]).push(block)
    return block
  }

  newSlot(name: string, size: number, align: number): Slot {
    const slot = { id: this.slots.length, name, size, align }
    ;(this.slots as Slot[]).push(slot)
    return slot
  }

  /** Makes a detached instruction; place it with `append` or `insertBefore`. */
  create<K extends OpName>(op: K, attr: OpAttrs[K], args: readonly Inst[] = [], options: InstOptions = {}): InstOf<K> {
    const inst = {
      id: this.#nextInst++,
      op,
      attr,
      args: [...args],
      type: options.type ?? resultType(op, attr, args),
      span: options.span,
      block: undefined,
      uses: new Set<Inst>(),
    } as unknown as InstOf<K>
    for (const arg of args) edit(arg).uses.add(inst as Inst)
    return inst
  }

  /** Creates at the end of a block (before nothing: the block must not be terminated yet). */
  append<K extends OpName>(
    block: Block,
    op: K,
    attr: OpAttrs[K],
    args: readonly Inst[] = [],
    options: InstOptions = {},
  ): InstOf<K> {
    invariant(!this.terminator(block), `ssa: append ${op} to terminated block b${block.id}`)
    const inst = this.create(op, attr, args, options)
    this.#place(inst as Inst, block, block.insts.length)
    return inst
  }

  /** Creates in front of `anchor`, in its block. */
  insertBefore<K extends OpName>(
    anchor: Inst,
    op: K,
    attr: OpAttrs[K],
    args: readonly Inst[] = [],
    options: InstOptions = {},
  ): InstOf<K> {
    const block = anchor.block
    invariant(block, `ssa: insertBefore a detached v${anchor.id}`)
    const inst = this.create(op, attr, args, { span: anchor.span, ...options })
    this.#place(inst as Inst, block, block.insts.indexOf(anchor))
    return inst
  }

  /** Creates a phi at the head of a block; `args` parallel to `block.preds` (fill later with `setArg` / `pushArg`). */
  addPhi(block: Block, type: SsaType, args: readonly Inst[], span?: Span): InstOf<'phi'> {
    const phi = this.create('phi', {}, args, { type, span })
    const at = block.insts.findIndex((i) => i.op !== 'phi')
    this.#place(phi, block, at < 0 ? block.insts.length : at)
    return phi
  }

  /** Moves an instruction in front of another. */
  moveBefore(inst: Inst, anchor: Inst): void {
    const from = inst.block
    const to = anchor.block
    invariant(from && to && inst !== anchor, 'ssa: move of a detached instruction, or in front of itself')
    editBlock(from).insts.splice(from.insts.indexOf(inst), 1)
    this.#place(inst, to, to.insts.indexOf(anchor))
  }

  setArg(inst: Inst, index: number, value: Inst): void {
    const old = inst.args[index]
    if (old === value) return
    edit(inst).args[index] = value
    edit(value).uses.add(inst)
    if (old && !inst.args.includes(old)) edit(old).uses.delete(inst)
  }

  /** Adds an argument to a phi (while its block gains a predecessor) or a variadic instruction under construction. */
  pushArg(inst: Inst, value: Inst): void {
    edit(inst).args.push(value)
    edit(value).uses.add(inst)
  }

  /** Every use of `inst` becomes a use of `value`. */
  replaceUses(inst: Inst, value: Inst): void {
    if (inst === value) return
    for (const user of [...inst.uses]) {
      user.args.forEach((arg, i) => {
        if (arg === inst) this.setArg(user, i, value)
      })
    }
  }

  /** Removes an instruction that nothing uses. For a terminator use `removeTerminator`. */
  removeInst(inst: Inst): void {
    invariant(inst.uses.size === 0, `ssa: remove v${inst.id} (${inst.op}), which is used`)
    invariant(OPS[inst.op].class !== 'terminator', 'ssa: removeInst of a terminator')
    this.#unplace(inst)
  }

  /** Removes instructions that nothing outside the set uses (a dead cycle through a phi). */
  removeInsts(dead: ReadonlySet<Inst>): void {
    for (const inst of dead) {
      invariant(OPS[inst.op].class !== 'terminator', 'ssa: removeInsts of a terminator')
      for (const user of inst.uses) invariant(dead.has(user), `ssa: remove v${inst.id}, which v${user.id} uses`)
    }
    for (const inst of dead) this.#unplace(inst)
  }

  /** Puts a new instruction in the place of `old`; it takes over the span and the uses. */
  rewrite<K extends OpName>(old: Inst, op: K, attr: OpAttrs[K], args: readonly Inst[] = [], type?: SsaType): InstOf<K> {
    invariant(old.op !== 'phi' && OPS[old.op].class !== 'terminator', `ssa: rewrite of a ${old.op}`)
    const inst = this.insertBefore(old, op, attr, args, { type })
    this.replaceInst(old, inst as Inst)
    return inst
  }

  /** Replaces uses and removes. */
  replaceInst(inst: Inst, value: Inst): void {
    this.replaceUses(inst, value)
    this.removeInst(inst)
  }

  terminator(block: Block): InstOf<'br'> | InstOf<'jump'> | InstOf<'ret'> | undefined {
    const last = block.insts.at(-1)
    return last && OPS[last.op].class === 'terminator'
      ? (last as InstOf<'br'> | InstOf<'jump'> | InstOf<'ret'>)
      : undefined
  }

  setJump(block: Block, target: Block, span?: Span): void {
    this.append(block, 'jump', {}, [], { span })
    this.#link(block, target)
  }

  setBranch(
    block: Block,
    attr: OpAttrs['br'],
    args: readonly [Inst, Inst],
    targets: readonly [Block, Block],
    span?: Span,
  ): void {
    invariant(targets[0] !== targets[1], 'ssa: a branch with two equal targets is a jump')
    this.append(block, 'br', attr, args, { span })
    this.#link(block, targets[0])
    this.#link(block, targets[1])
  }

  setReturn(block: Block, value: Inst, span?: Span): void {
    this.append(block, 'ret', {}, [value], { span })
  }

  /** Removes the terminator and its edges (phis of the targets lose the arguments). Add another one next. */
  removeTerminator(block: Block): void {
    const last = this.terminator(block)
    if (!last) return
    while (block.succs.length > 0) this.#unlink(block, block.succs.length - 1)
    this.#unplace(last as Inst)
  }

  /** New condition for a branch; `swapped`: its targets change places. Edges and phis stay. */
  replaceCondition(block: Block, attr: OpAttrs['br'], args: readonly [Inst, Inst], order: 'same' | 'swapped'): void {
    const old = this.terminator(block)
    invariant(old?.op === 'br', `ssa: b${block.id} does not end in a branch`)
    this.insertBefore(old as Inst, 'br', attr, args)
    this.#unplace(old as Inst)
    if (order === 'swapped') editBlock(block).succs.reverse()
  }

  /** Makes a branch a jump to `succs[index]`. The other target may become unreachable. */
  foldBranch(block: Block, index: 0 | 1): void {
    const old = this.terminator(block)
    invariant(old?.op === 'br', `ssa: b${block.id} does not end in a branch`)
    this.#unlink(block, 1 - index)
    this.insertBefore(old as Inst, 'jump', {})
    this.#unplace(old as Inst)
  }

  /** Points the edge `block -> succs[index]` at another block; phi arguments for the new edge come from `phiArgs`. */
  retarget(block: Block, index: number, target: Block, phiArgs: readonly Inst[] = []): void {
    const old = block.succs[index]
    invariant(old && !block.succs.includes(target), `ssa: retarget of b${block.id} to b${target.id}`)
    this.#removePredEdge(old, block)
    editBlock(block).succs[index] = target
    editBlock(target).preds.push(block)
    const phis = this.phis(target)
    invariant(phis.length === phiArgs.length, `ssa: retarget to b${target.id} without phi arguments`)
    for (const [i, phi] of phis.entries()) this.pushArg(phi as Inst, phiArgs[i]!)
  }

  /** Puts a new block, which only jumps, on an edge. */
  splitEdge(block: Block, index: number): Block {
    const target = block.succs[index]
    invariant(target, 'ssa: splitEdge of a missing edge')
    const middle = this.newBlock()
    // The new block takes the edge's place in the list of predecessors, so that phi arguments stay where they are.
    editBlock(target).preds[target.preds.indexOf(block)] = middle
    editBlock(block).succs[index] = middle
    editBlock(middle).preds.push(block)
    this.append(middle, 'jump', {}, [], { span: this.terminator(block)?.span })
    editBlock(middle).succs.push(target)
    return middle
  }

  /** Arguments that the phis of `block` have for the edge from `pred`. */
  phiArgs(block: Block, pred: Block): Inst[] {
    const at = block.preds.indexOf(pred)
    invariant(at >= 0, `ssa: b${pred.id} is no predecessor of b${block.id}`)
    return this.phis(block).map((phi) => phi.args[at]!)
  }

  phis(block: Block): InstOf<'phi'>[] {
    const phis: InstOf<'phi'>[] = []
    for (const inst of block.insts) {
      if (inst.op !== 'phi') break
      phis.push(inst)
    }
    return phis
  }

  /** Removes blocks (with edges and instructions); nothing outside may use their values, except phis over their edges. */
  removeBlocks(dead: ReadonlySet<Block>): void {
    for (const block of dead) {
      const live = block.preds.find((pred) => !dead.has(pred))
      invariant(!live && block !== this.blocks[0], `ssa: remove b${block.id}, which b${live?.id} goes to`)
      while (block.succs.length > 0) this.#unlink(block, block.succs.length - 1)
    }
    for (const block of dead) {
      for (const inst of [...block.insts].reverse()) {
        for (const arg of inst.args) edit(arg).uses.delete(inst)
        edit(inst).args = []
        edit(inst).block = undefined
      }
      editBlock(block).insts = []
    }
    const blocks = this.blocks as Block[]
    blocks.splice(0, blocks.length, ...blocks.filter((b) => !dead.has(b)))
  }

  /** Appends the only successor's instructions to `block`; the successor must have no other predecessor. */
  mergeSuccessor(block: Block): void {
    const next = block.succs[0]
    invariant(next && block.succs.length === 1 && next.preds.length === 1 && next !== block, 'ssa: cannot merge blocks')
    for (const phi of this.phis(next)) this.replaceInst(phi as Inst, phi.args[0]!)
    this.removeTerminator(block)
    for (const inst of [...next.insts]) {
      edit(inst).block = block
      editBlock(block).insts.push(inst)
    }
    editBlock(next).insts = []
    for (const succ of next.succs) {
      const preds = editBlock(succ).preds
      preds.forEach((p, i) => {
        if (p === next) preds[i] = block
      })
      editBlock(block).succs.push(succ)
    }
    editBlock(next).succs = []
    editBlock(next).preds = []
    this.removeBlocks(new Set([next]))
  }

  /** New order of blocks (layout); must be a permutation with the entry first. */
  reorderBlocks(order: readonly Block[]): void {
    invariant(order.length === this.blocks.length && order[0] === this.entry, 'ssa: reorderBlocks')
    ;(this.blocks as Block[]).splice(0, order.length, ...order)
  }

  #place(inst: Inst, block: Block, at: number): void {
    editBlock(block).insts.splice(at, 0, inst)
    edit(inst).block = block
  }

  #unplace(inst: Inst): void {
    const block = inst.block
    invariant(block, `ssa: v${inst.id} is already removed`)
    editBlock(block).insts.splice(block.insts.indexOf(inst), 1)
    for (const arg of inst.args) edit(arg).uses.delete(inst)
    edit(inst).args = []
    edit(inst).block = undefined
  }

  #link(from: Block, to: Block): void {
    editBlock(from).succs.push(to)
    editBlock(to).preds.push(from)
  }

  #unlink(from: Block, index: number): void {
    const to = from.succs[index]!
    this.#removePredEdge(to, from)
    editBlock(from).succs.splice(index, 1)
  }

  /** Drops one edge from `pred` out of `block.preds`, and that edge's phi arguments. */
  #removePredEdge(block: Block, pred: Block): void {
    const at = block.preds.lastIndexOf(pred)
    invariant(at >= 0, `ssa: b${pred.id} is no predecessor of b${block.id}`)
    editBlock(block).preds.splice(at, 1)
    for (const phi of this.phis(block)) {
      const [old] = edit(phi as Inst).args.splice(at, 1)
      if (old && !phi.args.includes(old)) edit(old).uses.delete(phi as Inst)
    }
  }
}

/** Result type of an op where its arguments and attributes fix it. */
function resultType<K extends OpName>(op: K, attr: OpAttrs[K], args: readonly Inst[]): SsaType {
  const row = OPS[op]
  switch (row.result) {
    case 'int':
    case 'ptr':
    case 'none':
      return row.result
    case 'same': {
      const pointers = args.filter((a) => a.type === 'ptr').length
      return pointers === 1 && (op === 'add' || op === 'sub') ? 'ptr' : 'int'
    }
    case 'attr': {
      if (op === 'load') return (attr as OpAttrs['load']).space ? 'ptr' : 'int'
      if (op === 'atomic') return (attr as OpAttrs['atomic']).fetch ? 'int' : 'none'
      return 'int'
    }
  }
}

export type MutableAttr<K extends OpName> = Writable<OpAttrs[K]>
