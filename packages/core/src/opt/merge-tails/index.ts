/**
 * Tail merging: code that ends alike is kept once, and what differs is chosen first.
 *   in:  valid SSA, returns shared (simplify-cfg)
 *   out: no pair of blocks whose common tail would be smaller in one copy
 *
 *   b1: bump(stats, 1); ret 1        b1: jump b9    b2: jump b9
 *   b2: bump(stats, 2); ret 2    =>  b9: i = phi [1, 2]; bump(stats, i); ret i
 *
 * Counting events of several kinds in one array is the commonest repetition in packet programs, and C compilers leave it.
 */
import { reversePostorder } from '../../ssa/cfg.ts'
import type { Func } from '../../ssa/func.ts'
import type { Block, Inst } from '../../ssa/inst.ts'
import { rowOf } from '../effects.ts'
import type { Pass } from '../pass.ts'
import { fitsImmediate } from '../simplify/rule.ts'
import type { Exit, Tail, TailNode } from './match.ts'
import { matchTails, returnedValue, slotAddresses } from './match.ts'
import { mergeTails } from './rewrite.ts'

/** Slots that must be saved: the estimate may be off by the moves that register allocation adds. */
const LEAST_GAIN = 2
/** Blocks of one kind that are compared with each other, so that huge functions stay linear. */
const GROUP_LIMIT = 48

export const tailMerging: Pass = {
  name: 'merge-tails',
  run(fn) {
    let changed = false
    for (let tail = bestTail(fn); tail; tail = bestTail(fn)) {
      mergeTails(fn, tail)
      changed = true
    }
    return changed ? 'cfg' : false
  },
}

function bestTail(fn: Func): Tail | undefined {
  const slots = slotAddresses(fn)
  let best: { readonly tail: Tail; readonly gain: number } | undefined
  for (const group of groups(fn)) {
    for (const [i, a] of group.entries()) {
      for (const b of group.slice(i + 1)) {
        const tail = matchTails(a, b, slots)
        const gain = tail ? gainOf(tail) : 0
        if (tail && gain >= LEAST_GAIN && gain > (best?.gain ?? 0)) best = { tail, gain }
      }
    }
  }
  return best?.tail
}

/** Blocks that end in the same way. */
function groups(fn: Func): Block[][] {
  const byEnd = new Map<string, Block[]>()
  for (const block of reversePostorder(fn)) {
    if (returnedValue(block)) continue
    const last = block.insts.at(-1)!
    const target = block.succs.length === 1 ? block.succs[0]! : undefined
    let key: string
    if (last.op === 'br') key = `br ${last.attr.pred} ${last.attr.width}`
    else key = target && !returnedValue(target) ? `b${target.id}` : 'ret'
    byEnd.set(key, [...(byEnd.get(key) ?? []), block])
  }
  return [...byEnd.values()].map((group) => group.slice(0, GROUP_LIMIT))
}

/** Slots that one copy saves over two, roughly. */
function gainOf({ root, merged }: Tail): number {
  const differs = (inst: Inst): boolean => merged.some(([a]) => a === inst)
  const twice = costOfNode(root, () => false)
  const once = costOfNode(root, differs)
  // Each choice is a move on both sides; one side needs a jump.
  return 2 * twice - once - 2 * merged.length - 1 + gainOfReturns(root, differs)
}

/** Slots of `r0 = value; exit`. */
const RETURN_COST = 2

/** A chosen result needs its own return; returns that only the tail led to disappear. */
function gainOfReturns(root: TailNode, differs: (inst: Inst) => boolean): number {
  const inside = new Set<Block>()
  const chosen = new Set<Inst>()
  const exits = new Set<Block>()
  let gain = 0
  const visit = (node: TailNode): void => {
    for (const block of node.blocks) inside.add(block)
    for (const [i, exit] of node.exits.entries()) {
      if (exit.kind === 'node') visit(exit.node)
      if (exit.kind !== 'ret') continue
      if (differs(exit.values[0])) chosen.add(exit.values[0])
      for (const block of node.blocks) {
        if (block.succs[i]) exits.add(block.succs[i])
        else gain += RETURN_COST
      }
    }
  }
  visit(root)
  for (const exit of exits) if (exit.preds.every((pred) => inside.has(pred))) gain += RETURN_COST
  return gain - RETURN_COST * chosen.size
}

function costOfNode(node: TailNode, differs: (inst: Inst) => boolean): number {
  const insts = node.pairs.reduce((sum, [inst]) => sum + costOf(inst, differs), 0)
  const branch = node.branches ? costOf(node.branches[0] as Inst, differs) : 0
  return insts + branch + node.exits.reduce((sum, exit) => sum + costOfExit(exit, differs), 0)
}

function costOfExit(exit: Exit, differs: (inst: Inst) => boolean): number {
  switch (exit.kind) {
    case 'node':
      return costOfNode(exit.node, differs)
    case 'same':
    case 'ret':
      return 0
  }
}

function costOf(inst: Inst, differs: (inst: Inst) => boolean): number {
  const operands = inst.args.reduce((sum, arg, i) => sum + (differs(arg) ? 0 : operandCost(inst, i, arg)), 0)
  return 1 + operands
}

/** Slots to put an operand where the instruction wants it. */
function operandCost(inst: Inst, index: number, arg: Inst): number {
  const isArgument = rowOf(inst).class === 'call'
  switch (arg.op) {
    case 'mapRef':
    case 'mapValue':
      return 2
    case 'slot':
      return isArgument ? 2 : 0
    case 'const':
      if (!fitsImmediate(arg.attr.value)) return 2
      return isArgument || (inst.op === 'atomic' && index > 0) ? 1 : 0
    default:
      return 0
  }
}
