/**
 * Finds equal tails: two blocks whose last instructions, and the blocks that only these lead to, do the same up to
 * operands. A difference between two numbers can become a phi; one between two stack slots a choice of either.
 *
 *   b1: store.32 s0+0, 1; p = call lookup m, s0; br p != 0 -> b3, b9       b3: atomic p, 1; jump b9
 *   b2: store.32 s1+0, 2; q = call lookup m, s1; br q != 0 -> b4, b9       b4: atomic q, 1; jump b9
 *
 * are one tail with phi [1, 2]. Verifier: pointers never meet in such a phi; they are made inside the tail, or equal.
 */
import type { Func } from '../../ssa/func.ts'
import type { Block, Inst, InstOf, Slot } from '../../ssa/inst.ts'
import { opText } from '../../ssa/print.ts'
import { helperRow } from '../effects.ts'

/** How a tail leaves: to a block that both go to, out of the program, or into the next part of the tail. */
export type Exit =
  | { readonly kind: 'same'; readonly target: Block; readonly froms: readonly [Block, Block] }
  | { readonly kind: 'ret'; readonly values: readonly [Inst, Inst] }
  | { readonly kind: 'node'; readonly node: TailNode }

/** One block of the tail. */
export interface TailNode {
  readonly blocks: readonly [Block, Block]
  /** Matching instructions in order, without constants and addresses, which are made anew. */
  readonly pairs: readonly (readonly [Inst, Inst])[]
  readonly branches: readonly [InstOf<'br'>, InstOf<'br'>] | undefined
  /** One, or two behind branches. */
  readonly exits: readonly Exit[]
}

export interface Tail {
  readonly root: TailNode
  /** Operands that differ, each once. */
  readonly merged: readonly (readonly [Inst, Inst])[]
}

/** Every instruction that names a slot. */
export type SlotAddresses = ReadonlyMap<Slot, readonly Inst[]>

export function slotAddresses(fn: Func): SlotAddresses {
  const found = new Map<Slot, Inst[]>()
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      if (inst.op === 'slot') found.set(inst.attr.slot, [...(found.get(inst.attr.slot) ?? []), inst])
    }
  }
  return found
}

/** Constants and addresses: no arguments, and no more expensive to make twice than to keep. */
export function isLeaf(inst: Inst): boolean {
  return inst.op === 'const' || inst.op === 'slot' || inst.op === 'mapRef' || inst.op === 'mapValue'
}

/** The value of a block that only returns. */
export function returnedValue(block: Block): Inst | undefined {
  const last = block.insts.at(-1)!
  if (last.op !== 'ret' || block.insts.slice(0, -1).some((inst) => inst.op !== 'const')) return undefined
  return last.args[0]
}

/** The longest tail that the two blocks share and that can be merged; undefined when there is none. */
export function matchTails(a: Block, b: Block, slots: SlotAddresses): Tail | undefined {
  const found = matchNode(a, b, { whole: false, seen: new Set() })
  if (!found) return undefined
  for (let skip = 0; skip <= found.pairs.length; skip++) {
    const root = { ...found, pairs: found.pairs.slice(skip) }
    const merged = checkTail(root, slots)
    if (merged) return { root, merged }
  }
  return undefined
}

interface MatchState {
  /** Everything in the block must match. */
  readonly whole: boolean
  readonly seen: Set<Block>
}

function matchNode(a: Block, b: Block, { whole, seen }: MatchState): TailNode | undefined {
  if (a === b || seen.has(a) || seen.has(b)) return undefined
  seen.add(a)
  seen.add(b)
  const [lastA, lastB] = [a.insts.at(-1)!, b.insts.at(-1)!]
  const exits: Exit[] = []
  let branches: TailNode['branches']
  if (lastA.op === 'ret' && lastB.op === 'ret') {
    exits.push({ kind: 'ret', values: [lastA.args[0]!, lastB.args[0]!] })
  } else {
    if (lastA.op !== lastB.op && (lastA.op === 'br' || lastB.op === 'br')) return undefined
    if (lastA.op === 'br' && lastB.op === 'br') {
      if (opText(lastA) !== opText(lastB)) return undefined
      branches = [lastA, lastB]
    }
    const count = branches ? 2 : 1
    for (let i = 0; i < count; i++) {
      const exit = matchExit(a, b, i, seen)
      if (!exit) return undefined
      exits.push(exit)
    }
  }
  const pairs = matchInsts(a, b)
  if (whole && (pairs.length !== body(a).length || pairs.length !== body(b).length)) return undefined
  return { blocks: [a, b], pairs, branches, exits }
}

/** Exit number `index` of both blocks; a return takes the place of a jump to a block that only returns. */
function matchExit(a: Block, b: Block, index: number, seen: Set<Block>): Exit | undefined {
  const [targetA, targetB] = [a.succs[index], b.succs[index]]
  if (targetA && targetA === targetB) {
    return targetA === a || targetA === b ? undefined : { kind: 'same', target: targetA, froms: [a, b] }
  }
  const valueA = targetA ? returnedValue(targetA) : a.insts.at(-1)!.args[0]
  const valueB = targetB ? returnedValue(targetB) : b.insts.at(-1)!.args[0]
  if (valueA && valueB) return { kind: 'ret', values: [valueA, valueB] }
  if (targetA?.preds.length !== 1 || targetB?.preds.length !== 1) return undefined
  const node = matchNode(targetA, targetB, { whole: true, seen })
  return node && { kind: 'node', node }
}

/** Instructions of a block that must have a partner. */
function body(block: Block): Inst[] {
  return block.insts.slice(0, -1).filter((inst) => !isLeaf(inst))
}

function matchInsts(a: Block, b: Block): [Inst, Inst][] {
  const [listA, listB] = [body(a).reverse(), body(b).reverse()]
  const pairs: [Inst, Inst][] = []
  for (const [i, x] of listA.entries()) {
    const y = listB[i]
    if (!y || !sameShape(x, y)) break
    pairs.push([x, y])
  }
  return pairs.reverse()
}

function sameShape(x: Inst, y: Inst): boolean {
  // A raw instruction names registers, so it must stay with its neighbours.
  if (
    x.op === 'phi' ||
    x.op === 'asm' ||
    x.op === 'param' ||
    x.op === 'arg' ||
    x.op === 'funcRef' ||
    x.op === 'coreConst'
  )
    return false
  if (opText(x) !== opText(y) || x.type !== y.type || x.args.length !== y.args.length) return false
  switch (x.op) {
    case 'load':
      return x.attr.offset === (y as typeof x).attr.offset && x.attr.space === (y as typeof x).attr.space
    case 'store':
    case 'atomic':
      return x.attr.offset === (y as typeof x).attr.offset
    case 'invoke':
      return x.attr.callee.decl === (y as typeof x).attr.callee.decl
    case 'call':
      return x.attr.helper === (y as typeof x).attr.helper
    default:
      return true
  }
}

/** Operands that need a phi; undefined when the tail cannot be merged. */
function checkTail(root: TailNode, slots: SlotAddresses): (readonly [Inst, Inst])[] | undefined {
  const check = new TailCheck(slots)
  check.collect(root)
  return check.run(root) ? check.merged : undefined
}

class TailCheck {
  readonly merged: (readonly [Inst, Inst])[] = []
  readonly #partner = new Map<Inst, Inst>()
  readonly #inside: [Set<Inst>, Set<Inst>] = [new Set(), new Set()]
  readonly #slots = new Map<Slot, Slot>()
  readonly #exits: { readonly target: Block; readonly froms: readonly [Block, Block] }[] = []

  readonly #addresses: SlotAddresses

  constructor(addresses: SlotAddresses) {
    this.#addresses = addresses
  }

  collect(node: TailNode): void {
    for (const [x, y] of node.pairs) {
      this.#partner.set(x, y)
      this.#inside[0].add(x)
      this.#inside[1].add(y)
    }
    for (const side of [0, 1] as const) this.#inside[side].add(node.blocks[side].insts.at(-1)!)
    for (const exit of node.exits) {
      if (exit.kind === 'node') this.collect(exit.node)
      else if (exit.kind === 'same') this.#exits.push(exit)
    }
  }

  run(root: TailNode): boolean {
    return this.#operands(root) && this.#uses() && this.#slotUses()
  }

  #operands(node: TailNode): boolean {
    for (const [x, y] of node.pairs) {
      for (const [i, arg] of x.args.entries()) if (!this.#operand(arg, y.args[i]!, mustBeConstant(x, i))) return false
    }
    if (node.branches) {
      const [x, y] = node.branches
      if (!x.args.every((arg, i) => this.#operand(arg, y.args[i]!))) return false
    }
    return node.exits.every((exit) => this.#exit(exit))
  }

  #exit(exit: Exit): boolean {
    switch (exit.kind) {
      case 'node':
        return this.#operands(exit.node)
      case 'ret':
        return this.#operand(...exit.values)
      case 'same': {
        const { target, froms } = exit
        const indices = froms.map((from) => target.preds.indexOf(from))
        return target.insts.every(
          (phi) => phi.op !== 'phi' || this.#operand(phi.args[indices[0]!]!, phi.args[indices[1]!]!),
        )
      }
    }
  }

  #operand(a: Inst, b: Inst, constant = false): boolean {
    const inside = this.#partner.get(a)
    if (inside || this.#inside[1].has(b)) return inside === b
    if (a === b || sameLeaf(a, b)) return true
    if (a.op === 'slot' && b.op === 'slot') return this.#renameSlot(a.attr.slot, b.attr.slot)
    if (constant || a.type !== 'int' || b.type !== 'int') return false
    if (!this.merged.some(([x, y]) => sameValue(x, a) && sameValue(y, b))) this.merged.push([a, b])
    return true
  }

  #renameSlot(a: Slot, b: Slot): boolean {
    const known = this.#slots.get(a)
    if (known) return known === b
    if ([...this.#slots.values()].includes(b) || a.size !== b.size || a.align !== b.align) return false
    this.#slots.set(a, b)
    return true
  }

  /** Values of the tail are used in it, or in phis over its own edges. */
  #uses(): boolean {
    return ([0, 1] as const).every((side) =>
      [...this.#inside[side]].every((inst) =>
        [...inst.uses].every((user) => {
          if (this.#inside[side].has(user)) return true
          const exit = this.#exits.filter(({ target }) => user.op === 'phi' && user.block === target)
          const edges = exit.map(({ target, froms }) => target.preds.indexOf(froms[side]))
          return exit.length > 0 && user.args.every((arg, i) => arg !== inst || edges.includes(i))
        }),
      ),
    )
  }

  /** A slot can take another's place when nobody outside the tail knows either. */
  #slotUses(): boolean {
    for (const [a, b] of this.#slots) {
      for (const [side, slot] of [a, b].entries()) {
        const inside = this.#inside[side]!
        for (const inst of this.#addresses.get(slot) ?? []) {
          for (const user of inst.uses) if (!inside.has(user)) return false
        }
      }
    }
    return true
  }
}

function sameValue(a: Inst, b: Inst): boolean {
  return a === b || sameLeaf(a, b)
}

export function sameLeaf(a: Inst, b: Inst): boolean {
  if (a.op !== b.op) return false
  switch (a.op) {
    case 'const':
      return a.attr.value === (b as typeof a).attr.value
    case 'slot':
      return a.attr.slot === (b as typeof a).attr.slot
    case 'mapRef':
      return a.attr.map === (b as typeof a).attr.map
    case 'mapValue':
      return a.attr.map === (b as typeof a).attr.map && a.attr.offset === (b as typeof a).attr.offset
    default:
      return false
  }
}

/** A size of memory stays a constant: the verifier takes other numbers only where it can bound them. */
function mustBeConstant(inst: Inst, index: number): boolean {
  return helperRow(inst)?.args[index]?.kind === 'size'
}
