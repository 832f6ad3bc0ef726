/** Control flow whose value may be wanted: seq, if, and, or, repeat, block, leave, return. */
import type { Form, FormOf } from '../../forms/node.ts'
import { typeOf } from '../../typed/typing.ts'
import type { Inst } from '../inst.ts'
import type { Variable } from './builder.ts'
import { writeLocal } from './locals.ts'
import type { Lowering } from './lowering.ts'
import { coerce } from './lowering.ts'

// --- sequences and conditionals

export function lowerSeq(cx: Lowering, form: FormOf<'seq'>): Inst {
  const last = form.forms.at(-1)
  for (const child of form.forms.slice(0, -1)) cx.effect(child)
  return last ? cx.value(last) : cx.b.constant(0)
}

export function ifValue(cx: Lowering, form: FormOf<'if'>): Inst {
  const [yes, no, join] = [cx.b.newBlock(), cx.b.newBlock(), cx.b.newBlock()]
  cx.branch(form.test, yes, no)
  cx.b.enter(yes)
  const then = cx.value(form.then)
  cx.b.jump(join)
  cx.b.enter(no)
  const other = form.else ? cx.value(form.else) : cx.b.constant(0)
  cx.b.jump(join)
  return cx.b.enterWithValue(join, [then, other])
}

export function ifEffect(cx: Lowering, form: FormOf<'if'>): void {
  const [yes, join] = [cx.b.newBlock(), cx.b.newBlock()]
  const no = form.else ? cx.b.newBlock() : join
  cx.branch(form.test, yes, no)
  cx.b.enter(yes)
  cx.effect(form.then)
  cx.b.jump(join)
  if (form.else) {
    cx.b.enter(no)
    cx.effect(form.else)
    cx.b.jump(join)
  }
  cx.b.enter(join)
}

/** The last value when all operands are non-zero, else 0. */
export function andValue(cx: Lowering, form: FormOf<'and'>): Inst {
  const last = form.forms.at(-1)
  if (!last) return cx.b.constant(0)
  if (form.forms.length === 1) return cx.value(last)
  const [zero, join] = [cx.b.newBlock(), cx.b.newBlock()]
  for (const child of form.forms.slice(0, -1)) {
    const next = cx.b.newBlock()
    cx.branch(child, next, zero)
    cx.b.enter(next)
  }
  const value = cx.value(last)
  cx.b.jump(join)
  cx.b.enter(zero)
  const none = cx.b.constant(0)
  cx.b.jump(join)
  return cx.b.enterWithValue(join, [value, none])
}

/** The first non-zero value, else 0; each operand is evaluated once. */
export function orValue(cx: Lowering, form: FormOf<'or'>): Inst {
  const last = form.forms.at(-1)
  if (!last) return cx.b.constant(0)
  const join = cx.b.newBlock()
  const values: Inst[] = []
  for (const child of form.forms.slice(0, -1)) {
    const next = cx.b.newBlock()
    const value = cx.value(child)
    values.push(value)
    cx.b.branch({ pred: 'ne', width: 64 }, value, cx.b.constant(0), [join, next])
    cx.b.enter(next)
  }
  values.push(cx.value(last))
  cx.b.jump(join)
  return cx.b.enterWithValue(join, values)
}

/** `and` / `or` for their effects: the last operand runs only if the ones before did not decide. */
export function shortCircuitEffect(cx: Lowering, form: FormOf<'and' | 'or'>): void {
  const last = form.forms.at(-1)
  if (!last) return
  const join = cx.b.newBlock()
  for (const child of form.forms.slice(0, -1)) {
    const next = cx.b.newBlock()
    if (form.kind === 'and') cx.branch(child, next, join)
    else cx.branch(child, join, next)
    cx.b.enter(next)
  }
  cx.effect(last)
  cx.b.jump(join)
  cx.b.enter(join)
}

// --- loops and exits

/** The test is at the bottom: the count is known, and the verifier follows such loops iteration by iteration (5.3). */
export function lowerRepeat(cx: Lowering, form: FormOf<'repeat'>): void {
  if (form.count === 0) return
  // The counter is hidden, so that an assignment to the local in the body cannot change the number of rounds.
  const counter: Variable = { name: form.local.name }
  const [header, after] = [cx.b.newBlock(), cx.b.newBlock()]
  cx.b.write(counter, cx.b.constant(0))
  cx.b.jump(header)
  cx.b.enterOpen(header)
  writeLocal(cx, form.local, cx.b.read(counter), undefined)
  cx.effect(form.body)
  const next = cx.b.emit('add', { width: 64 }, [cx.b.read(counter), cx.b.constant(1)])
  cx.b.write(counter, next)
  cx.b.branch({ pred: 'ult', width: 64 }, next, cx.b.constant(form.count), [header, after])
  cx.b.seal(header)
  cx.b.enter(after)
}

/** The test is at the top, as written; the verifier follows each round, so that only a bounded loop is accepted. */
export function lowerWhile(cx: Lowering, form: FormOf<'while'>): void {
  const [header, body, after] = [cx.b.newBlock(), cx.b.newBlock(), cx.b.newBlock()]
  cx.b.jump(header)
  cx.b.enterOpen(header)
  cx.branch(form.test, body, after)
  cx.b.enter(body)
  cx.effect(form.body)
  cx.b.jump(header)
  cx.b.seal(header)
  cx.b.enter(after)
}

export function lowerBlock(cx: Lowering, form: FormOf<'block'>): Inst {
  const exit = { target: cx.b.newBlock(), values: [] as Inst[] }
  cx.exits.set(form.label, exit)
  exit.values.push(cx.value(form.body))
  cx.b.jump(exit.target)
  return cx.b.enterWithValue(exit.target, exit.values)
}

export function lowerLeave(cx: Lowering, form: FormOf<'leave'>): Inst {
  const value = form.value ? cx.value(form.value) : cx.b.constant(0)
  const exit = cx.exits.get(form.label)!
  exit.values.push(value)
  cx.b.jump(exit.target)
  cx.b.enterDead()
  return cx.b.constant(0)
}

/** The value as the caller may rely on it: a function's result has its declared width. */
export function resultValue(cx: Lowering, value: Inst, form: Form): Inst {
  return cx.function ? coerce(cx, value, typeOf(cx.typing, form), cx.function.result) : value
}

export function lowerReturn(cx: Lowering, form: FormOf<'return'>): Inst {
  const value = form.value ? cx.value(form.value) : cx.b.constant(0)
  cx.b.ret(form.value ? resultValue(cx, value, form.value) : value)
  cx.b.enterDead()
  return cx.b.constant(0)
}
