/** Makes one copy of a matched tail and lets both blocks go to it. */
import { unreachableBlocks } from '../../ssa/cfg.ts'
import type { Func } from '../../ssa/func.ts'
import type { Block, Inst } from '../../ssa/inst.ts'
import type { Exit, Tail, TailNode } from './match.ts'
import { isLeaf, sameLeaf } from './match.ts'

export function mergeTails(fn: Func, tail: Tail): void {
  new Rewriter(fn, tail).run()
}

class Rewriter {
  readonly #fn: Func
  readonly #tail: Tail
  /** From the first copy to the merged one. */
  readonly #values = new Map<Inst, Inst>()
  readonly #phis: { readonly pair: readonly [Inst, Inst]; readonly phi: Inst }[] = []
  /** Blocks of the merged tail that only return, by value. */
  readonly #returns = new Map<Inst, Block>()

  constructor(fn: Func, tail: Tail) {
    this.#fn = fn
    this.#tail = tail
  }

  run(): void {
    const { root, merged } = this.#tail
    const [a, b] = root.blocks
    const entry = this.#fn.newBlock()
    for (const pair of merged) {
      const phi: Inst = this.#fn.addPhi(entry, 'int', [], pair[0].span)
      this.#phis.push({ pair, phi })
    }
    this.#copy(root, entry)
    for (const [side, block] of [a, b].entries()) {
      const span = block.insts.at(-1)!.span
      this.#fn.removeTerminator(block)
      this.#fn.setJump(block, entry, span)
      for (const { pair, phi } of this.#phis) this.#fn.pushArg(phi, this.#outside(pair[side]!, block))
    }
    this.#removeCopies(root)
  }

  /** A constant may have been made in a block that only the old tail led to. */
  #outside(value: Inst, block: Block): Inst {
    if (value.op !== 'const') return value
    const { attr, span } = value
    return this.#fn.insertBefore(block.insts.at(-1)!, 'const', attr, [], { span }) as Inst
  }

  #copy(node: TailNode, to: Block): void {
    for (const [a, b] of node.pairs) {
      const args = a.args.map((arg, i) => this.#operand(arg, b.args[i]!, to))
      const { span, type } = a
      const copy = this.#fn.append(to, a.op, a.attr as never, args, { span, type }) as Inst
      this.#values.set(a, copy)
    }
    const span = node.blocks[0].insts.at(-1)!.span
    if (node.branches) {
      const [x, y] = node.branches
      const [left, right] = x.args.map((arg, i) => this.#operand(arg, y.args[i]!, to))
      const phiValues = node.exits.map((exit) => this.#exitValues(exit, to))
      const [yes, no] = node.exits.map((exit) => this.#target(exit))
      if (yes === no) {
        this.#jump(to, yes!, phiValues[0]!, span)
        return
      }
      this.#fn.setBranch(to, x.attr, [left!, right!], [yes!, no!], span)
      for (const [i, target] of [yes!, no!].entries()) this.#pushPhis(target, phiValues[i]!)
      return
    }
    const [exit] = node.exits
    this.#jump(to, this.#target(exit!), this.#exitValues(exit!, to), span)
  }

  #jump(from: Block, target: Block, values: readonly Inst[], span: Inst['span']): void {
    this.#fn.setJump(from, target, span)
    this.#pushPhis(target, values)
  }

  #pushPhis(target: Block, values: readonly Inst[]): void {
    if (values.length === 0) return
    for (const [i, phi] of this.#fn.phis(target).entries()) this.#fn.pushArg(phi as Inst, values[i]!)
  }

  /** Values for the phis of a common target. */
  #exitValues(exit: Exit, at: Block): Inst[] {
    if (exit.kind !== 'same') return []
    const { target, froms } = exit
    const [fromA, fromB] = froms.map((from) => target.preds.indexOf(from))
    return this.#fn.phis(target).map((phi) => this.#operand(phi.args[fromA!]!, phi.args[fromB!]!, at))
  }

  #target(exit: Exit): Block {
    if (exit.kind === 'same') return exit.target
    const block = this.#fn.newBlock()
    if (exit.kind === 'node') {
      this.#copy(exit.node, block)
      return block
    }
    const [a, b] = exit.values
    const value = this.#operand(a, b, block)
    const known = this.#returns.get(value)
    if (known) {
      this.#fn.removeBlocks(new Set([block]))
      return known
    }
    this.#fn.setReturn(block, value, a.span)
    this.#returns.set(value, block)
    return block
  }

  #operand(a: Inst, b: Inst, at: Block): Inst {
    const copy = this.#values.get(a)
    if (copy) return copy
    const merged = this.#phis.find(({ pair }) => same(pair[0], a) && same(pair[1], b))
    if (merged) return merged.phi
    if (!isLeaf(a)) return a
    return this.#fn.append(at, a.op, a.attr as never, [], { span: a.span, type: a.type }) as Inst
  }

  /** The old tails; their own blocks have lost their predecessor. */
  #removeCopies(root: TailNode): void {
    const dead = new Set<Block>()
    const collect = (node: TailNode): void => {
      for (const exit of node.exits) {
        if (exit.kind !== 'node') continue
        for (const block of exit.node.blocks) dead.add(block)
        collect(exit.node)
      }
    }
    collect(root)
    this.#fn.removeBlocks(dead)
    // Returns that only the old tails went to.
    this.#fn.removeBlocks(unreachableBlocks(this.#fn))
    for (const [a, b] of [...root.pairs].reverse()) {
      this.#fn.removeInst(a)
      this.#fn.removeInst(b)
    }
  }
}

function same(a: Inst, b: Inst): boolean {
  return a === b || sameLeaf(a, b)
}
