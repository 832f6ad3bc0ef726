/**
 * A test that was decided on the way here is not tested again: edges into a block that only tests go straight to the
 * block that the test would choose.
 *   in:  valid SSA
 *   out: no edge into such a block over which its outcome is known
 *
 *   b1: br.eq.64 v5, 6 -> b2, b3          b1: br.eq.64 v5, 6 -> b2, b5
 *   b2: br.ugt.64 v7, v2 -> b9, b3   =>   b2: br.ugt.64 v7, v2 -> b9, b4
 *   b3: br.eq.64 v5, 6 -> b4, b5          (b3 is gone)
 *
 * The kernel depends on it: the verifier does not remember that a register differs from 6, so it would follow b1 -> b3 ->
 * b4 and refuse accesses that only b2 made safe (`if r7 != 6` twice; kernel/bpf/verifier.c, reg_set_min_max, 6.18).
 * Only equal tests on equal values count, so the bounds and null checks on every path stay as they are.
 */
import { compare } from '../arith/alu.ts'
import { unreachableBlocks } from '../ssa/cfg.ts'
import type { DomTree } from '../ssa/dom.ts'
import { dominators } from '../ssa/dom.ts'
import type { Func } from '../ssa/func.ts'
import type { Block, Inst, InstOf } from '../ssa/inst.ts'
import { INVERSE_PRED, type Pred } from '../tables/ir-ops.ts'
import type { Pass } from './pass.ts'

export const threadBranches: Pass = {
  name: 'thread-branches',
  // Without it the kernel refuses programs that are safe.
  required: true,
  run(fn) {
    let changed = false
    // One edge at a time, since each makes the dominators stale.
    while (threadOne(fn, dominators(fn))) {
      changed = true
      const dead = unreachableBlocks(fn)
      if (dead.size > 0) fn.removeBlocks(dead)
    }
    return changed ? 'cfg' : false
  },
}

function threadOne(fn: Func, dom: DomTree): boolean {
  for (const block of fn.blocks) {
    const test = testOf(block, dom)
    if (!test) continue
    for (const pred of block.preds) {
      const outcome = outcomeOver(test, { pred, block }, dom)
      if (outcome !== undefined && redirect(fn, { pred, block }, block.succs[outcome ? 0 : 1]!)) return true
    }
  }
  return false
}

interface Edge {
  readonly pred: Block
  readonly block: Block
}

/** The branch of a block that does nothing else, and whose values nobody else needs. */
function testOf(block: Block, dom: DomTree): InstOf<'br'> | undefined {
  const last = block.insts.at(-1)
  if (last?.op !== 'br' || block.preds.length === 0) return undefined
  // Entering a loop behind its header would give it two entries.
  if (block.preds.some((pred) => dom.dominates(block, pred))) return undefined
  const onlyHere = block.insts.slice(0, -1).every((inst) => {
    const cheap = inst.op === 'phi' || inst.op === 'const'
    return cheap && [...inst.uses].every((use) => use === last || isEdgeArgument(inst, use, block))
  })
  return onlyHere ? last : undefined
}

/** A phi takes the value over the edges from `block` itself, not from some block behind it. */
function isEdgeArgument(value: Inst, use: Inst, block: Block): boolean {
  if (use.op !== 'phi') return false
  return use.args.every((arg, i) => arg !== value || use.block!.preds[i] === block)
}

/** What the test gives when control comes over this edge; undefined when that is open. */
function outcomeOver(test: InstOf<'br'>, { pred, block }: Edge, dom: DomTree): boolean | undefined {
  const at = block.preds.indexOf(pred)
  const through = (value: Inst): Inst => (value.op === 'phi' && value.block === block ? value.args[at]! : value)
  const [a, b] = [through(test.args[0]!), through(test.args[1]!)]
  if (a.op === 'const' && b.op === 'const') {
    return compare(test.attr.pred, a.attr.value, b.attr.value, test.attr.width)
  }
  const known = factOf(pred, block)
  const decided = known && decide(known, { ...test.attr, a, b })
  if (decided !== undefined) return decided
  for (let at: Block | undefined = pred; at; at = dom.idom(at)) {
    const [only] = at.preds
    const fact = only && at.preds.length === 1 ? factOf(only, at) : undefined
    const outcome = fact && decide(fact, { ...test.attr, a, b })
    if (outcome !== undefined) return outcome
  }
  return undefined
}

interface Comparison {
  readonly pred: Pred
  readonly width: 32 | 64
  readonly a: Inst
  readonly b: Inst
}

interface Fact extends Comparison {
  readonly holds: boolean
}

/** What is known because control went from `from` to `to`. */
function factOf(from: Block, to: Block): Fact | undefined {
  const last = from.insts.at(-1)
  if (last?.op !== 'br') return undefined
  return { ...last.attr, a: last.args[0]!, b: last.args[1]!, holds: from.succs[0] === to }
}

function decide(fact: Fact, test: Comparison): boolean | undefined {
  if (fact.width !== test.width || !sameValue(fact.a, test.a)) return undefined
  if (sameValue(fact.b, test.b)) {
    if (fact.pred === test.pred) return fact.holds
    return INVERSE_PRED[fact.pred] === test.pred ? !fact.holds : undefined
  }
  // `a` equals one constant: every test of it against another is decided.
  const equals = fact.holds ? fact.pred === 'eq' : fact.pred === 'ne'
  if (!equals || fact.b.op !== 'const' || test.b.op !== 'const') return undefined
  return compare(test.pred, fact.b.attr.value, test.b.attr.value, test.width)
}

function sameValue(a: Inst, b: Inst): boolean {
  return a === b || (a.op === 'const' && b.op === 'const' && a.attr.value === b.attr.value)
}

/** Moves the edge; false where it would be a second one between the same blocks. */
function redirect(fn: Func, { pred, block }: Edge, target: Block): boolean {
  if (target === block || pred.succs.includes(target)) return false
  const at = block.preds.indexOf(pred)
  const args = fn.phiArgs(target, block).map((value): Inst => {
    if (value.block !== block) return value
    if (value.op === 'phi') return value.args[at]!
    // A constant made in the block that is left out.
    return fn.insertBefore(fn.terminator(pred) as Inst, 'const', {
      value: (value as InstOf<'const'>).attr.value,
    }) as Inst
  })
  fn.retarget(pred, pred.succs.indexOf(block), target, args)
  return true
}
