/** Tests as branches: no 0 or 1 is made where only a jump is wanted. */
import type { Form, FormOf } from '../../forms/node.ts'
import type { Pred } from '../../tables/ir-ops.ts'
import type { Block, Inst } from '../inst.ts'
import { bindLocals } from './locals.ts'
import type { Lowering } from './lowering.ts'

/** Code that goes to `yes` when the form is non-zero, else to `no`; short-circuit forms become branches. */
export function lowerBranch(cx: Lowering, form: Form, yes: Block, no: Block): void {
  switch (form.kind) {
    case 'const':
      cx.b.jump(form.value === 0n ? no : yes)
      break
    case 'compare':
      branchOn(cx, form.pred, [cx.value(form.left), cx.value(form.right)], [yes, no])
      break
    case 'not':
      cx.branch(form.value, no, yes)
      break
    case 'and':
    case 'or':
      branchShortCircuit(cx, form, yes, no)
      break
    case 'if':
      branchIf(cx, form, yes, no)
      break
    case 'seq': {
      const last = form.forms.at(-1)
      for (const child of form.forms.slice(0, -1)) cx.effect(child)
      if (last) cx.branch(last, yes, no)
      else cx.b.jump(no)
      break
    }
    case 'let':
      bindLocals(cx, form)
      cx.branch(form.body, yes, no)
      break
    default:
      branchOn(cx, 'ne', [cx.value(form), cx.b.constant(0)], [yes, no])
  }
}

function branchShortCircuit(cx: Lowering, form: FormOf<'and' | 'or'>, yes: Block, no: Block): void {
  const last = form.forms.at(-1)
  if (!last) {
    cx.b.jump(no)
    return
  }
  for (const child of form.forms.slice(0, -1)) {
    const next = cx.b.newBlock()
    if (form.kind === 'and') cx.branch(child, next, no)
    else cx.branch(child, yes, next)
    cx.b.enter(next)
  }
  cx.branch(last, yes, no)
}

function branchIf(cx: Lowering, form: FormOf<'if'>, yes: Block, no: Block): void {
  const then = cx.b.newBlock()
  const other = form.else ? cx.b.newBlock() : no
  cx.branch(form.test, then, other)
  cx.b.enter(then)
  cx.branch(form.then, yes, no)
  if (!form.else) return
  cx.b.enter(other)
  cx.branch(form.else, yes, no)
}

function branchOn(
  cx: Lowering,
  pred: Pred,
  [left, right]: readonly [Inst, Inst],
  targets: readonly [Block, Block],
): void {
  if (isAddress(left) && right.op === 'const' && right.attr.value === 0n && (pred === 'eq' || pred === 'ne')) {
    cx.b.jump(targets[pred === 'ne' ? 0 : 1])
  } else {
    cx.b.branch({ pred, width: 64 }, left, right, targets)
  }
}

/** Addresses of stack slots and of elements with a fixed address are never null. */
function isAddress(inst: Inst): boolean {
  return inst.op === 'slot' || inst.op === 'mapValue' || inst.op === 'mapRef' || inst.op === 'param'
}
