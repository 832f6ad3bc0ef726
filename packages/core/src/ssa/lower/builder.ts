/**
 * Direct construction of SSA form (Braun et al., "Simple and Efficient Construction of Static Single Assignment Form",
 * 2013): variables are written and read per block; a read that reaches a join makes a phi there, and a phi whose
 * arguments are all one value is replaced by it.
 *
 *   in:  writes, reads and edges in the order of evaluation; `seal` when a block has all its predecessors
 *   out: after `finish`, a function that ssa/verify accepts: no unreachable block, no trivial phi, blocks in source order
 *
 * Code after a return goes to blocks without predecessors, which `finish` removes.
 */
import { invariant } from '../../diag/diagnostic.ts'
import type { Span } from '../../diag/source.ts'
import type { OpName } from '../../tables/ir-ops.ts'
import { OPS } from '../../tables/ir-ops.ts'
import { unreachableBlocks } from '../cfg.ts'
import type { Func, InstOptions } from '../func.ts'
import type { Block, Inst, InstOf, OpAttrs, SsaType } from '../inst.ts'

/** Something that is assigned: a local, or a hidden counter. Compared by identity. */
export interface Variable {
  readonly name: string
}

export interface BuilderOptions {
  readonly typeOf: (variable: Variable) => SsaType
  /** Which argument is the context; undefined in functions without one. */
  readonly contextParam: number | undefined
}

export class SsaBuilder {
  readonly fn: Func
  /** Position given to new instructions. */
  span: Span | undefined
  #block: Block
  #context: Inst | undefined
  readonly #order: Block[] = []
  readonly #typeOf: (variable: Variable) => SsaType
  readonly #values = new Map<Block, Map<Variable, Inst>>()
  readonly #sealed = new Set<Block>()
  readonly #incomplete = new Map<Block, Map<Variable, InstOf<'phi'>>>()
  /** Trivial phis that were removed, and what they turned out to be. */
  readonly #replaced = new Map<Inst, Inst>()
  readonly #pending: { readonly variable: Variable; readonly phi: InstOf<'phi'> }[] = []
  #completing = false

  constructor(fn: Func, span: Span, { typeOf, contextParam }: BuilderOptions) {
    this.fn = fn
    this.span = span
    this.#typeOf = typeOf
    this.#block = fn.newBlock()
    this.#order.push(this.#block)
    this.seal(this.#block)
    this.#context = contextParam === undefined ? undefined : this.emit('param', { index: contextParam })
  }

  /** The context pointer. */
  get ctx(): Inst {
    invariant(this.#context, 'ssa: this function has no context')
    return this.#context
  }

  /** For functions that find it in memory. */
  set ctx(pointer: Inst) {
    this.#context = pointer
  }

  get block(): Block {
    return this.#block
  }

  emit<K extends OpName>(op: K, attr: OpAttrs[K], args: readonly Inst[] = [], options: InstOptions = {}): Inst {
    const resolved = args.map((arg) => this.#resolve(arg))
    return this.fn.append(this.#block, op, attr, resolved, { span: this.span, ...options }) as Inst
  }

  constant(value: bigint | number): Inst {
    return this.emit('const', { value: BigInt.asUintN(64, BigInt(value)) })
  }

  // --- blocks and edges

  newBlock(): Block {
    return this.fn.newBlock()
  }

  /** Goes on in `block`, which all edges lead to already. */
  enter(block: Block): void {
    this.seal(block)
    this.enterOpen(block)
  }

  /** Goes on in a block that gets more predecessors (a loop header); `seal` it when they are there. */
  enterOpen(block: Block): void {
    this.#order.push(block)
    this.#block = block
  }

  jump(target: Block): void {
    this.fn.setJump(this.#block, target, this.span)
  }

  branch(attr: OpAttrs['br'], left: Inst, right: Inst, targets: readonly [Block, Block]): void {
    this.fn.setBranch(this.#block, attr, [this.#resolve(left), this.#resolve(right)], targets, this.span)
  }

  ret(value: Inst): void {
    this.fn.setReturn(this.#block, this.#resolve(value), this.span)
  }

  /** What follows cannot be reached. */
  enterDead(): void {
    this.enter(this.newBlock())
  }

  /** Enters a join; its value comes from `values`, one per edge in the order of the edges. */
  enterWithValue(block: Block, values: readonly Inst[]): Inst {
    invariant(block.preds.length === values.length, 'ssa: a join needs one value per edge')
    this.enter(block)
    const args = values.map((value) => this.#resolve(value))
    const [first] = args
    if (!first) return this.constant(0)
    if (args.every((arg) => arg === first)) return first
    return this.fn.addPhi(block, joinedType(args), args, this.span) as Inst
  }

  // --- variables

  write(variable: Variable, value: Inst): void {
    this.#writeIn(this.#block, variable, this.#resolve(value))
  }

  read(variable: Variable): Inst {
    return this.#read(variable, this.#block)
  }

  seal(block: Block): void {
    if (this.#sealed.has(block)) return
    this.#sealed.add(block)
    const open = this.#incomplete.get(block)
    this.#incomplete.delete(block)
    for (const [variable, phi] of open ?? []) this.#pending.push({ variable, phi })
    this.#completePhis()
  }

  #writeIn(block: Block, variable: Variable, value: Inst): void {
    const values = this.#values.get(block) ?? new Map<Variable, Inst>()
    this.#values.set(block, values.set(variable, value))
  }

  #read(variable: Variable, from: Block): Inst {
    // Chains of single predecessors are walked in a loop: programs have thousands of blocks.
    const walked: Block[] = []
    let block = from
    let value = this.#values.get(block)?.get(variable)
    while (!value && this.#sealed.has(block) && block.preds.length === 1) {
      walked.push(block)
      block = block.preds[0]!
      value = this.#values.get(block)?.get(variable)
    }
    value = value ? this.#resolve(value) : this.#readAtJoin(variable, block)
    for (const passed of walked) this.#writeIn(passed, variable, value)
    return value
  }

  #readAtJoin(variable: Variable, block: Block): Inst {
    const sealed = this.#sealed.has(block)
    if (sealed && block.preds.length === 0) return this.#undefinedValue(variable, block)
    const phi = this.fn.addPhi(block, this.#typeOf(variable), [], this.span)
    // Written before the arguments are read: such a read may come back here through a loop.
    this.#writeIn(block, variable, phi as Inst)
    if (sealed) {
      this.#pending.push({ variable, phi })
      this.#completePhis()
    } else {
      const open = this.#incomplete.get(block) ?? new Map<Variable, InstOf<'phi'>>()
      this.#incomplete.set(block, open.set(variable, phi))
    }
    return this.#resolve(phi as Inst)
  }

  /** Reached only from dead code, or for a local that is bound in code which never runs. */
  #undefinedValue(variable: Variable, block: Block): Inst {
    const [first] = block.insts
    const zero = first
      ? this.fn.insertBefore(first, 'const', { value: 0n })
      : this.fn.append(block, 'const', { value: 0n }, [], { span: this.span })
    this.#writeIn(block, variable, zero as Inst)
    return zero as Inst
  }

  /**
   * Gives the pending phis their arguments. Reading an argument may make more pending phis, which the outermost call
   * handles, so that the recursion is not as deep as the program is long.
   */
  #completePhis(): void {
    if (this.#completing) return
    this.#completing = true
    const done: InstOf<'phi'>[] = []
    for (let next = this.#pending.pop(); next; next = this.#pending.pop()) {
      const { variable, phi } = next
      for (const pred of phi.block!.preds) this.fn.pushArg(phi as Inst, this.#read(variable, pred))
      done.push(phi)
    }
    this.#completing = false
    this.#simplifyPhis(done)
  }

  /** Replaces phis of one value by that value, then looks again at the phis that used them. */
  #simplifyPhis(phis: readonly InstOf<'phi'>[]): void {
    const work = [...phis]
    for (let phi = work.pop(); phi; phi = work.pop()) {
      const self = phi as Inst
      // Without a block: replaced already. Fewer arguments than edges: still being filled.
      if (!phi.block || phi.args.length !== phi.block.preds.length) continue
      const others = new Set(phi.args.filter((arg) => arg !== self))
      const [value] = others
      if (others.size !== 1 || !value) continue
      for (const user of phi.uses) if (user !== self && user.op === 'phi') work.push(user)
      for (const i of phi.args.keys()) this.fn.setArg(self, i, value)
      this.#replaced.set(self, value)
      this.fn.replaceInst(self, value)
    }
  }

  #resolve(value: Inst): Inst {
    let result = value
    for (let next = this.#replaced.get(result); next; next = this.#replaced.get(result)) result = next
    return result
  }

  // --- end

  /** Drops what construction left over: unreachable blocks, phis that lost arguments, unused values. */
  finish(): void {
    invariant(this.#incomplete.size === 0, 'ssa: a block was never sealed')
    const fn = this.fn
    const placed = new Set(this.#order)
    fn.reorderBlocks([...this.#order, ...fn.blocks.filter((block) => !placed.has(block))])
    const dead = new Set(unreachableBlocks(fn))
    if (dead.size > 0) fn.removeBlocks(dead)
    this.#simplifyPhis(fn.blocks.flatMap((block) => fn.phis(block)))
    this.#removeUnused()
  }

  #removeUnused(): void {
    const work = this.fn.blocks.flatMap((block) => block.insts.filter((inst) => inst.uses.size === 0))
    for (let inst = work.pop(); inst; inst = work.pop()) {
      if (!inst.block || inst.uses.size > 0 || !OPS[inst.op].pure || OPS[inst.op].class === 'terminator') continue
      const args = [...inst.args]
      this.fn.removeInst(inst)
      for (const arg of args) if (arg.uses.size === 0) work.push(arg)
    }
  }
}

/** One pointer among the values makes the join a pointer: a null, or a number that nothing dereferences. */
function joinedType(args: readonly Inst[]): SsaType {
  return args.some((arg) => arg.type === 'ptr') ? 'ptr' : 'int'
}
