/**
 * The SSA verifier: throws an InvariantError with the stage and a dump when a function breaks a rule of the form.
 *
 *   blocks   entry first and without predecessors; all reachable; one terminator, at the end; edges listed on both sides
 *   values   every argument is placed, has a result and is computed before its use on every path; use lists are exact
 *   phis     at the head of the block, one argument per predecessor
 *   br       two different targets (a branch with equal ones is a jump)
 *   types    number of arguments and type of the result as the op's row says; only add, sub, phi, load, call make pointers
 */
import { InvariantError } from '../diag/diagnostic.ts'
import type { OpRow } from '../tables/ir-ops.ts'
import { OPS } from '../tables/ir-ops.ts'
import { unreachableBlocks } from './cfg.ts'
import type { DomTree } from './dom.ts'
import { dominators } from './dom.ts'
import type { Func } from './func.ts'
import type { Block, Inst } from './inst.ts'
import { printFunc, printInst } from './print.ts'

type Fail = (problem: string) => never

export function verifyFunc(fn: Func, stage = 'ssa'): void {
  const fail: Fail = (problem) => {
    throw new InvariantError(`${stage}: ${problem} in program ${fn.name}\n${printFunc(fn)}`)
  }
  checkUses(fn, fail)
  checkGraph(fn, fail)
  const dom = dominators(fn)
  for (const block of fn.blocks) checkBlock(block, dom, fail)
}

function checkGraph(fn: Func, fail: Fail): void {
  const entry = fn.blocks[0] ?? fail('no blocks')
  if (entry.preds.length > 0) fail('the entry has predecessors')
  const blocks = new Set(fn.blocks)
  if (blocks.size !== fn.blocks.length) fail('a block is listed twice')
  for (const block of fn.blocks) {
    const last = fn.terminator(block) ?? fail(`b${block.id} has no terminator`)
    const targets = { br: 2, jump: 1, ret: 0 }[last.op]
    if (block.succs.length !== targets) fail(`b${block.id}: ${last.op} with ${block.succs.length} targets`)
    if (targets === 2 && block.succs[0] === block.succs[1]) fail(`b${block.id}: both targets of the branch are equal`)
    for (const succ of block.succs) {
      if (!blocks.has(succ)) fail(`b${block.id} goes to b${succ.id}, which is not in the function`)
      if (count(succ.preds, block) !== 1) fail(`b${block.id} is not (once) a predecessor of its target b${succ.id}`)
    }
    for (const pred of block.preds) {
      if (!blocks.has(pred) || !pred.succs.includes(block)) fail(`b${pred.id} is no predecessor of b${block.id}`)
    }
  }
  for (const block of unreachableBlocks(fn)) fail(`b${block.id} is unreachable`)
}

function checkBlock(block: Block, dom: DomTree, fail: Fail): void {
  const defined = new Set<Inst>()
  let body = false
  for (const [i, inst] of block.insts.entries()) {
    if (inst.op === 'phi') {
      if (body) fail(`phi v${inst.id} after other instructions`)
      if (inst.args.length !== block.preds.length) fail(`phi v${inst.id} does not match the predecessors`)
    } else {
      body = true
    }
    if (OPS[inst.op].class === 'terminator' && i !== block.insts.length - 1) fail(`${inst.op} inside b${block.id}`)
    checkTypes(inst, fail)
    checkDominance(inst, defined, dom, fail)
    defined.add(inst)
  }
}

function checkDominance(inst: Inst, defined: ReadonlySet<Inst>, dom: DomTree, fail: Fail): void {
  const block = inst.block!
  for (const [i, arg] of inst.args.entries()) {
    const from = arg.block ?? fail(`v${arg.id} is used by "${printInst(inst)}" but is in no block`)
    if (inst.op === 'phi') {
      // The use is at the end of the predecessor.
      if (!dom.dominates(from, block.preds[i]!)) fail(`v${arg.id} does not reach phi v${inst.id} over its edge`)
    } else if (from === block ? !defined.has(arg) : !dom.dominates(from, block)) {
      fail(`v${arg.id} is not computed on every path to "${printInst(inst)}"`)
    }
  }
}

function checkTypes(inst: Inst, fail: Fail): void {
  const row: OpRow = OPS[inst.op]
  const text = () => `"${printInst(inst)}"`
  if (row.args !== 'variadic' && inst.args.length !== row.args) fail(`${text()} needs ${row.args} arguments`)
  if (inst.args.some((arg) => arg.type === 'none')) fail(`${text()} uses an instruction without a result`)
  const pointers = inst.args.filter((arg) => arg.type === 'ptr').length
  switch (row.result) {
    case 'int':
    case 'ptr':
    case 'none':
      if (inst.type !== row.result) fail(`${text()} must have the type ${row.result}`)
      break
    case 'same':
      if (inst.type === 'none') fail(`${text()} has no type`)
      if (inst.type === 'ptr' && (pointers === 0 || (inst.op !== 'add' && inst.op !== 'sub'))) {
        fail(`${text()} cannot be a pointer`)
      }
      break
    case 'attr':
      // An integer phi of pointers would let later passes narrow or compare a pointer as a number.
      if (inst.op === 'phi' && inst.type === 'none') fail(`${text()} has no type`)
      if (inst.op === 'phi' && inst.type === 'int' && pointers > 0) fail(`${text()} is a number made of pointers`)
      break
  }
  if (inst.op === 'add' && inst.type === 'ptr' && inst.attr.width === 32) fail(`${text()} cuts a pointer`)
}

/** Use lists against arguments, both ways. */
function checkUses(fn: Func, fail: Fail): void {
  const placed = new Set<Inst>()
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      if (inst.block !== block) fail(`v${inst.id} does not know that it is in b${block.id}`)
      if (placed.has(inst)) fail(`v${inst.id} is placed twice`)
      placed.add(inst)
    }
  }
  for (const inst of placed) {
    for (const arg of inst.args) if (!arg.uses.has(inst)) fail(`v${arg.id} does not know its use in v${inst.id}`)
    for (const user of inst.uses) {
      if (!placed.has(user)) fail(`v${inst.id} is used by the removed v${user.id}`)
      if (!user.args.includes(inst)) fail(`v${user.id} does not use v${inst.id}`)
    }
  }
}

function count<T>(list: readonly T[], item: T): number {
  return list.filter((other) => other === item).length
}
