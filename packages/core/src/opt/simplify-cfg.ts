/**
 * Simplifies the control flow graph.
 *   in:  valid SSA
 *   out: no branch on constants, no empty block that can be left out, no pair of blocks that could be one, and one block
 *        per returned value
 *
 *   b1: br.eq.64 0, 0 -> b2, b3     b1: jump b2
 *   b4: jump b5                     (predecessors go to b5 themselves)
 *   b6: v9 = phi [...]; ret v9      (predecessors return their own value)
 *
 * Only edges move: no phi is made, so pointers of different kinds never meet in one.
 */
import { compare } from '../arith/alu.ts'
import { unreachableBlocks } from '../ssa/cfg.ts'
import type { Func } from '../ssa/func.ts'
import type { Block, Inst, InstOf } from '../ssa/inst.ts'
import type { Pass } from './pass.ts'

export const simplifyCfg: Pass = {
  name: 'simplify-cfg',
  run(fn) {
    let changed = false
    for (let again = true; again; ) {
      again = foldConstantBranches(fn)
      again = removeUnreachable(fn) || again
      again = splitReturns(fn) || again
      again = shareReturns(fn) || again
      again = skipEmptyBlocks(fn) || again
      again = mergeChains(fn) || again
      changed ||= again
    }
    return changed ? 'cfg' : false
  },
}

function foldConstantBranches(fn: Func): boolean {
  let changed = false
  for (const block of fn.blocks) {
    const last = fn.terminator(block)
    if (last?.op !== 'br') continue
    const [a, b] = last.args
    if (a!.op !== 'const' || b!.op !== 'const') continue
    fn.foldBranch(block, compare(last.attr.pred, a!.attr.value, b!.attr.value, last.attr.width) ? 0 : 1)
    changed = true
  }
  return changed
}

function removeUnreachable(fn: Func): boolean {
  const dead = unreachableBlocks(fn)
  if (dead.size > 0) fn.removeBlocks(dead)
  return dead.size > 0
}

/** Block that only returns; its value may be a constant made there. */
function returnOf(block: Block): { value: Inst; phi: boolean } | undefined {
  const last = block.insts.at(-1)!
  if (last.op !== 'ret') return undefined
  const value = last.args[0]!
  const others = block.insts.slice(0, -1)
  if (others.length === 0) return { value, phi: false }
  if (others.length > 1 || others[0] !== value) return undefined
  if (value.op === 'phi') return { value, phi: true }
  return value.op === 'const' ? { value, phi: false } : undefined
}

/** phi + ret  ->  a return in each predecessor; equal ones become one block again below. */
function splitReturns(fn: Func): boolean {
  let changed = false
  for (const block of [...fn.blocks]) {
    const found = returnOf(block)
    if (!found?.phi) continue
    const span = block.insts.at(-1)!.span
    for (const pred of [...block.preds]) {
      const [value] = fn.phiArgs(block, pred)
      const index = pred.succs.indexOf(block)
      const own = fn.newBlock()
      const local = value!.op === 'const' ? fn.append(own, 'const', value!.attr, [], { span: value!.span }) : value!
      fn.setReturn(own, local as Inst, span)
      fn.retarget(pred, index, own)
    }
    fn.removeBlocks(new Set([block]))
    changed = true
  }
  return changed
}

/** Blocks that return the same value become one. */
function shareReturns(fn: Func): boolean {
  const first = new Map<string, Block>()
  let changed = false
  for (const block of [...fn.blocks]) {
    const found = returnOf(block)
    if (!found || found.phi || block === fn.entry) continue
    const { value } = found
    const key = value.op === 'const' ? `c${value.attr.value}` : `v${value.id}`
    const shared = first.get(key)
    if (!shared) {
      first.set(key, block)
      continue
    }
    const last = shared.insts.at(-1)!
    // A constant made in a dominating block need not reach the new predecessors.
    if (value.op === 'const' && last.args[0]!.block !== shared) fn.setArg(last, 0, constantIn(fn, shared, value))
    for (const pred of [...block.preds]) moveEdge(fn, pred, block, shared)
    if (block.preds.length === 0) fn.removeBlocks(new Set([block]))
    changed = true
  }
  return changed
}

/** Points the edge to `from`, which has no phis, at `to`; a branch whose targets become equal is a jump. */
function moveEdge(fn: Func, pred: Block, from: Block, to: Block, phiArgs: readonly Inst[] = []): void {
  const index = pred.succs.indexOf(from)
  if (pred.succs.includes(to)) fn.foldBranch(pred, index === 0 ? 1 : 0)
  else fn.retarget(pred, index, to, phiArgs)
}

/** pred -> empty -> target  becomes  pred -> target.  Phis may be in between that only feed the target's phis. */
function skipEmptyBlocks(fn: Func): boolean {
  let changed = false
  for (const block of [...fn.blocks]) {
    const target = block.succs[0]
    if (block.succs.length !== 1 || block === fn.entry || target === block || !isEmpty(block)) continue
    const outgoing = fn.phiArgs(target!, block)
    for (const pred of [...block.preds]) {
      const edge = block.preds.indexOf(pred)
      let args = outgoing.map((arg) => (arg.op === 'phi' && arg.block === block ? arg.args[edge]! : arg))
      // Two edges from one branch to one block cannot carry different values.
      if (pred.succs.includes(target!) && fn.phiArgs(target!, pred).some((arg, i) => !equal(arg, args[i]!))) continue
      args = args.map((arg) => (arg.op === 'const' && arg.block === block ? constantIn(fn, pred, arg) : arg))
      moveEdge(fn, pred, block, target!, args)
      changed = true
    }
    if (block.preds.length === 0) fn.removeBlocks(new Set([block]))
  }
  return changed
}

function constantIn(fn: Func, block: Block, constant: InstOf<'const'>): Inst {
  const { attr, span } = constant
  return fn.insertBefore(block.insts.at(-1)!, 'const', attr, [], { span }) as Inst
}

function isEmpty(block: Block): boolean {
  const values = block.insts.slice(0, -1)
  // A block with nothing but constants is where an edge of a branch sets them; it stays.
  if (values.length > 0 && values[0]!.op !== 'phi') return false
  const target = block.succs[0]!
  return values.every(
    (value) =>
      (value.op === 'phi' || value.op === 'const') &&
      [...value.uses].every(
        (user) =>
          user.op === 'phi' &&
          user.block === target &&
          user.args.every((arg, i) => arg !== value || target.preds[i] === block),
      ),
  )
}

function equal(a: Inst, b: Inst): boolean {
  return a === b || (a.op === 'const' && b.op === 'const' && a.attr.value === b.attr.value)
}

function mergeChains(fn: Func): boolean {
  let changed = false
  for (const block of [...fn.blocks]) {
    if (!fn.blocks.includes(block)) continue
    while (block.succs.length === 1 && block.succs[0]!.preds.length === 1 && block.succs[0] !== block) {
      fn.mergeSuccessor(block)
      changed = true
    }
  }
  return changed
}
