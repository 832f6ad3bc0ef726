/**
 * Local identities, applied until none fits.
 *   in:  valid SSA
 *   out: no rule of the sibling files applies; dead operands are left to dce
 *
 *   v2 = bswap.16 v1            v3 = const 8
 *   br.eq.64 v2, 2048      =>   br.eq.64 v1, v3
 */
import { invariant } from '../../diag/diagnostic.ts'
import type { Func } from '../../ssa/func.ts'
import type { Inst, InstOf } from '../../ssa/inst.ts'
import { readBits } from '../demanded-bits.ts'
import { rowOf } from '../effects.ts'
import type { Changed, Pass, PassContext } from '../pass.ts'
import { ARITH_RULES } from './arith.ts'
import { BITS_RULES } from './bits.ts'
import { BSWAP_RULES } from './bswap.ts'
import type { Condition } from './compare.ts'
import { CONDITION_RULES } from './compare.ts'
import { MEMORY_RULES } from './memory.ts'
import type { Rule, RuleContext } from './rule.ts'
import { constantOf } from './rule.ts'

export const simplify: Pass = {
  name: 'simplify',
  run(fn, cx) {
    let changed = false as Changed
    const work = new Set<Inst>()
    for (const block of fn.blocks) for (const inst of block.insts) work.add(inst)
    // A rule never undoes another, so the number of steps is bounded by a small multiple of the size.
    let steps = 100 * (work.size + 10)
    for (const inst of work) {
      work.delete(inst)
      if (!inst.block) continue
      invariant(steps-- > 0, `simplify: rules do not come to an end in ${fn.name}`)
      const step = simplifyInst(fn, inst, cx, work)
      if (step) changed = step === 'cfg' || changed === 'cfg' ? 'cfg' : 'insts'
    }
    return changed
  },
}

const VALUE_RULES: readonly Rule[] = [...ARITH_RULES, ...BITS_RULES, ...BSWAP_RULES, ...MEMORY_RULES]

/** Calls have no local identities, and operations on memory only those of addresses. */
function rulesFor(inst: Inst): readonly Rule[] {
  const { class: kind } = rowOf(inst)
  if (kind === 'memory') return MEMORY_RULES
  return kind === 'call' ? [] : VALUE_RULES
}

function simplifyInst(fn: Func, inst: Inst, pass: PassContext, work: Set<Inst>): false | 'insts' | 'cfg' {
  if (inst.op === 'phi') return simplifyPhi(fn, inst, work)
  if (inst.args.length === 0) return false
  const made: Inst[] = []
  const cx: RuleContext = {
    fn,
    options: pass.options,
    make: (op, attr, args = [], type) => {
      const value = fn.insertBefore(inst, op, attr, args, { type }) as Inst
      made.push(value)
      return value
    },
    constant: (value) => cx.make('const', { value }),
  }
  const changed = applyRules(fn, inst, cx, work)
  // A rule may give up after it made something; left there, dce and this pass would never agree.
  for (const value of made.reverse()) {
    if (value.uses.size > 0 || value.type === 'none') work.add(value)
    else fn.removeInst(value)
  }
  return changed
}

function applyRules(fn: Func, inst: Inst, cx: RuleContext, work: Set<Inst>): Changed {
  if (inst.op === 'br') return simplifyBranch(fn, inst, cx, work)
  if (rowOf(inst).class === 'terminator') return false
  if (inst.op === 'cmp') return simplifyCompare(fn, inst, cx, work)
  if (stripOperands(fn, inst, work)) return 'insts'
  for (const rule of rulesFor(inst)) {
    const value = rule(inst, cx)
    if (value) {
      replace(fn, inst, value, work)
      return 'insts'
    }
  }
  return false
}

function replace(fn: Func, inst: Inst, value: Inst, work: Set<Inst>): void {
  for (const user of inst.uses) work.add(user)
  for (const arg of inst.args) for (const user of arg.uses) if (user !== inst) work.add(user)
  fn.replaceInst(inst, value)
}

/** phi [x, x, itself]  ->  x */
function simplifyPhi(fn: Func, phi: InstOf<'phi'>, work: Set<Inst>): false | 'insts' {
  let value: Inst | undefined
  for (const arg of phi.args) {
    if (arg === phi || arg === value) continue
    if (value && !sameConstant(arg, value)) return false
    value ??= arg
  }
  if (!value || value.type !== phi.type) return false
  for (const user of phi.uses) if (user !== phi) work.add(user)
  // Equal constants are computed in the arms of a branch, so the join needs its own.
  if (value.op === 'const') {
    const anchor = phi.block!.insts.find((inst) => inst.op !== 'phi')!
    value = fn.insertBefore(anchor, 'const', { value: value.attr.value }) as Inst
  }
  fn.replaceUses(phi as Inst, value)
  fn.removeInst(phi as Inst)
  return 'insts'
}

function sameConstant(a: Inst, b: Inst): boolean {
  return a.op === 'const' && b.op === 'const' && a.attr.value === b.attr.value
}

function conditionOf(inst: InstOf<'cmp'> | InstOf<'br'>): Condition {
  return { pred: inst.attr.pred, width: inst.attr.width, a: inst.args[0]!, b: inst.args[1]! }
}

function simplifyCompare(fn: Func, inst: InstOf<'cmp'>, cx: RuleContext, work: Set<Inst>): false | 'insts' {
  if (stripOperands(fn, inst, work)) return 'insts'
  for (const rule of CONDITION_RULES) {
    const found = rule(conditionOf(inst), cx)
    if (found === undefined || (typeof found === 'object' && found.negated)) continue
    const value =
      typeof found === 'boolean'
        ? cx.constant(found ? 1n : 0n)
        : cx.make('cmp', { pred: found.pred, width: found.width }, [found.a, found.b])
    replace(fn, inst as Inst, value, work)
    return 'insts'
  }
  return false
}

function simplifyBranch(fn: Func, inst: InstOf<'br'>, cx: RuleContext, work: Set<Inst>): false | 'insts' | 'cfg' {
  if (stripOperands(fn, inst, work)) return 'insts'
  const block = inst.block!
  for (const rule of CONDITION_RULES) {
    const found = rule(conditionOf(inst), cx)
    // A decided branch stays a branch with constants; simplify-cfg folds it and what becomes unreachable.
    if (found === undefined) continue
    if (typeof found === 'boolean') {
      if (inst.args.every((arg) => arg.op === 'const')) return false
      const [zero, one] = [cx.constant(0n), cx.constant(1n)]
      fn.replaceCondition(block, { pred: 'eq', width: 64 }, [zero, found ? zero : one], 'same')
      return 'insts'
    }
    const { pred, width, a, b, negated } = found
    fn.replaceCondition(block, { pred, width }, [a, b], negated ? 'swapped' : 'same')
    work.add(fn.terminator(block) as Inst)
    return negated ? 'cfg' : 'insts'
  }
  return false
}

/** op(x & m)  ->  op(x)  where the op does not look at the bits that the mask clears */
function stripOperands(fn: Func, inst: Inst, work: Set<Inst>): boolean {
  let changed = false
  for (const [i, arg] of inst.args.entries()) {
    const inner = arg.args[0]
    if (inner?.type !== 'int' || inst.args.indexOf(arg) !== i) continue
    let kept: bigint | undefined
    if (arg.op === 'zext' || arg.op === 'sext') kept = (1n << BigInt(arg.attr.bits)) - 1n
    else if (arg.op === 'and') kept = constantOf(arg.args[1], arg.attr.width)
    // What a comparison learns about an extended value must stay known where that value is an index.
    if (kept === undefined || ((inst.op === 'cmp' || inst.op === 'br') && arg.uses.size > 1)) continue
    const read = inst.args.filter((other) => other === arg).length === 1 ? readBits(inst, arg) : undefined
    if (read === undefined || (read & ~kept) !== 0n) continue
    fn.setArg(inst, i, inner)
    work.add(inst)
    changed = true
  }
  return changed
}
