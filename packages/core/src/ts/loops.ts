/**
 * Loops. `for..of` over data that is known unrolls; a loop that counts between constants becomes a `repeat`; any other
 * is a `while`, which the verifier must be able to follow to its end.
 */
import type { Form, Local } from '../forms/node.ts'
import { u32, u64 } from '../types/types.ts'
import { knownItems } from './access.ts'
import type { Expr, For, ForOf, Jump, Labeled, Pattern, Stmt, VariableDeclaration, While } from './ast.ts'
import { unwrapped } from './ast.ts'
import { condition } from './conditions.ts'
import type { Cx, Jumps, Target } from './context.ts'
import { bind, branch, constForm, emit, failure, inScope, joinKnown, localForm, nested, spanOf } from './context.ts'
import { type Count, countOf, indexesData } from './counted.ts'
import { bindPattern, declare } from './declare.ts'
import { castForm, describe, type Num, stable } from './integers.ts'
import { elementRef, readPlace, usable } from './memory.ts'
import { assignedNames } from './parse.ts'
import type { IntValue, Value } from './value.ts'
import { constValue, intValue } from './value.ts'

/** More rounds than this are not written out. */
const MAX_UNROLL = 1024

const target = (name: string): Target => ({ label: { name }, used: false, known: undefined })

// --- jumps

export function jump(cx: Cx, node: Jump): void {
  const isBreak = node.type === 'BreakStatement'
  const found = [...cx.jumps].reverse().find((j) => (node.label ? j.name === node.label.name : isBreak || j.continue))
  const to = found && (isBreak ? found.break : found.continue)
  if (!to) throw failure(cx, node, 'bad-syntax', `there is no loop to ${isBreak ? 'break' : 'continue'} here`)
  to.used = true
  to.known = joinKnown(to.known, cx.known)
  emit(cx, { kind: 'leave', label: to.label, span: spanOf(cx, node) })
  cx.known = undefined
}

/** Lowers with one more target around; gives the form inside a block when somebody jumps to it. */
function withJumps(cx: Cx, jumps: Jumps, lower: () => void): void {
  const outer = cx.jumps
  cx.jumps = [...outer, jumps]
  try {
    lower()
  } finally {
    cx.jumps = outer
  }
}

/** A block that `lower` may leave by the target; what is known afterwards is what both ways have in common. */
export function leavable(cx: Cx, node: { start: number; end: number }, to: Target, lower: () => void): void {
  const span = spanOf(cx, node)
  const form = nested(cx, span, () => {
    lower()
    return undefined
  })
  emit(cx, to.used ? { kind: 'block', label: to.label, body: form, span } : form)
  if (to.used) cx.known = joinKnown(cx.known, to.known)
}

export function labelled(cx: Cx, node: Labeled): void {
  const { body, label } = node
  if (['ForStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement'].includes(body.type)) {
    cx.label = label.name
    cx.lower.statements([body])
    return
  }
  const end = target(label.name)
  withJumps(cx, { break: end, continue: undefined, name: label.name }, () => {
    leavable(cx, node, end, () => inScope(cx, () => cx.lower.statements([body])))
  })
}

/** One round of a loop, in a scope of its own. */
function round(cx: Cx, body: Stmt, next: Target): void {
  leavable(cx, body, next, () =>
    inScope(cx, () => cx.lower.statements(body.type === 'BlockStatement' ? body.body : [body])),
  )
}

/** References that the body assigns: whether they are null may differ between rounds. */
function assignedRefs(cx: Cx, node: unknown): readonly object[] {
  const assigned = assignedNames(node)
  const keys: object[] = []
  for (let scope: Cx['scope'] | undefined = cx.scope; scope; scope = scope.parent) {
    for (const [name, slot] of scope.names) {
      if (slot.kind === 'ref' && assigned.has(name)) keys.push(slot.value.nullness!.key)
    }
  }
  return keys
}

/** A loop as one form: `lower` emits it, with `next` inside; `break` leaves the whole. */
function loop(cx: Cx, node: For | ForOf | While, lower: (next: Target) => void): void {
  const [end, next] = [target('break'), target('continue')]
  const name = cx.label
  cx.label = undefined
  withJumps(cx, { break: end, continue: next, name }, () => leavable(cx, node, end, () => lower(next)))
}

/**
 * The body of a loop that runs again: it knows what holds in every round. First it is read as if nothing that was known
 * before were lost; when the end of a round does not know it any more, once again without that.
 */
function repeated(cx: Cx, node: { start: number; end: number; body: Stmt }, lower: () => void): Form {
  const assumed = assignedRefs(cx, node).filter((key) => cx.known?.has(key))
  const before = cx.known
  const { bag } = cx.unit
  const marks = { diagnostics: bag.diagnostics.length, returns: cx.frame.returns?.sites.length ?? 0 }
  const attempt = (): Form =>
    nested(cx, spanOf(cx, node.body), () => {
      lower()
      return undefined
    })
  cx.known = before && new Set(before)
  let form = attempt()
  const atEnd = cx.known as Cx['known'] // changed by the attempt
  const lost = atEnd ? assumed.filter((key) => !atEnd.has(key)) : []
  if (lost.length > 0) {
    bag.diagnostics.length = marks.diagnostics
    if (cx.frame.returns) cx.frame.returns.sites.length = marks.returns
    cx.known = before && new Set([...before].filter((key) => !lost.includes(key)))
    form = attempt()
  }
  cx.known = before && new Set([...before].filter((key) => !lost.includes(key)))
  return form
}

// --- for..of

export function forOfLoop(cx: Cx, node: ForOf): void {
  if (node.await) throw failure(cx, node, 'unsupported', '`for await` is not supported in kernel functions')
  const pattern = loopPattern(cx, node.left)
  const rounds = rangeRounds(cx, node.right)
  if (rounds) {
    loop(cx, node, (next) =>
      rounds.kind === 'const'
        ? repeat(cx, node, { pattern, count: Number(rounds.value), next, value: (i) => i })
        : countUp(cx, node, { pattern, rounds, next }),
    )
    return
  }
  const source = cx.lower.value(node.right)
  const items = knownItems(cx, node.right, source)
  if (items) {
    unroll(cx, node, { pattern, items })
    return
  }
  if (source.kind === 'ref' && source.type.kind === 'array') {
    const ref = usable(cx, node.right, source)
    const value = (i: Value): Value => readPlace(cx, node.right, elementRef(cx, node.right, ref, i))
    loop(cx, node, (next) =>
      repeat(cx, node, { pattern, count: source.type.kind === 'array' ? source.type.length : 0, next, value }),
    )
    return
  }
  throw failure(
    cx,
    node.right,
    'wrong-kind',
    `cannot loop over ${describe(source)}`,
    'loops run over arrays and `range(n)`',
  )
}

function loopPattern(cx: Cx, left: VariableDeclaration | Pattern): Pattern {
  if (left.type === 'VariableDeclaration') return left.declarations[0]!.id
  throw failure(cx, left, 'unsupported', 'the variable of a loop is declared in it', 'write `for (const x of ...)`')
}

/** More rounds than this are not followed by the verifier within its limit of instructions, whatever the body. */
const MAX_BOUNDED = 1n << 16n

/** The rounds of `range(n)`: a constant, or a number that has a bound; undefined: not a range. */
function rangeRounds(cx: Cx, expr: Expr): Num | undefined {
  const node = unwrapped(expr)
  if (node.type !== 'CallExpression') return undefined
  const callee = unwrapped(node.callee)
  const fn = callee.type === 'Identifier' ? cx.lower.value(callee) : undefined
  if (fn?.kind !== 'data' || fn.data.kind !== 'intrinsic' || fn.data.name !== 'range') return undefined
  const [argument] = node.arguments
  const rounds = argument && argument.type !== 'SpreadElement' ? cx.lower.value(argument) : undefined
  if (rounds?.kind === 'const' && rounds.value >= 0n && rounds.value <= 0x7fff_ffffn) return rounds
  if (rounds?.kind === 'int' && boundOf(rounds) <= MAX_BOUNDED) return rounds
  throw failure(
    cx,
    node,
    'not-constant',
    'the argument of `range` is a constant, or a number with a bound that can be seen',
    'bound it: `range(n & 63)`, or leave early: `for (const i of range(64)) { if (i >= n) break; ... }`',
  )
}

/** No value is larger; signed numbers have no bound that a counter could use. */
function boundOf({ type, max }: IntValue): bigint {
  if (type.signed) return 1n << 64n
  return max ?? (1n << BigInt(type.bits)) - 1n
}

/** `for (const i of range(n))` with a number of the running program: the verifier follows as many rounds as it can have. */
function countUp(
  cx: Cx,
  node: ForOf,
  { pattern, rounds, next }: { pattern: Pattern; rounds: IntValue; next: Target },
): void {
  const span = spanOf(cx, node)
  const end = stable(cx, node.right, rounds, 'rounds')
  const name = pattern.type === 'Identifier' ? pattern.name : 'i'
  const local = bind(cx, span, { name, init: constForm(0, span), type: u32 })
  const counter = localForm(local, span)
  const test: Form = { kind: 'compare', pred: 'ult', left: counter, right: castForm(cx, node, end, u64), span }
  const last = boundOf(rounds) - 1n
  const body = repeated(cx, node, () => {
    inScope(cx, () => {
      bindPattern(cx, pattern, { ...intValue(counter, u32), max: last < 0n ? 0n : last })
      round(cx, node.body, next)
    })
    if (!cx.known) return
    const one: Form = { kind: 'binary', op: 'add', left: counter, right: constForm(1, span), span }
    emit(cx, { kind: 'set', local, value: one, span })
  })
  emit(cx, { kind: 'while', test, body, span })
}

/** `counter`: a name that the loop itself changes, and nothing else. */
interface Rounds {
  readonly pattern: Pattern | 'counter'
  readonly name?: string
  readonly count: number
  readonly next: Target
  /** What the pattern gets, given the number of the round. */
  readonly value: (index: Value) => Value
}

/** Gives the value of one round its name. */
function bindRound(cx: Cx, { pattern, name }: Pick<Rounds, 'pattern' | 'name'>, value: Value): void {
  if (pattern === 'counter') cx.scope.names.set(name!, { kind: 'value', value })
  else bindPattern(cx, pattern, value)
}

function repeat(cx: Cx, node: For | ForOf, rounds: Rounds): void {
  const { pattern, count, next, value } = rounds
  const span = spanOf(cx, node)
  const name = rounds.name ?? (pattern !== 'counter' && pattern.type === 'Identifier' ? pattern.name : 'i')
  const local: Local = { name, type: u32, span }
  const index = { ...intValue(localForm(local, span), u32), max: BigInt(Math.max(0, count - 1)) }
  const body = repeated(cx, node, () => {
    inScope(cx, () => {
      bindRound(cx, rounds, value(index))
      round(cx, node.body, next)
    })
  })
  emit(cx, { kind: 'repeat', local, count, body, span })
}

interface Unrolled extends Pick<Rounds, 'pattern' | 'name'> {
  readonly items: readonly Value[]
}

function unroll(cx: Cx, node: For | ForOf, unrolled: Unrolled): void {
  const { items } = unrolled
  if (items.length > MAX_UNROLL) {
    throw failure(
      cx,
      node,
      'program-too-large',
      `this loop would be written out ${items.length} times`,
      'put the data into a map, or `rodata(array(...), [...])`',
    )
  }
  const end = target('break')
  const name = cx.label
  cx.label = undefined
  leavable(cx, node, end, () => {
    for (const item of items) {
      if (!cx.known) return
      const next = target('continue')
      withJumps(cx, { break: end, continue: next, name }, () => {
        inScope(cx, () => {
          bindRound(cx, unrolled, item)
          round(cx, node.body, next)
        })
      })
    }
  })
}

// --- for, while

export function forLoop(cx: Cx, node: For): void {
  const counted = countOf(cx, node)
  if (counted && counted.count <= MAX_UNROLL && indexesData(cx, node, counted.name.name)) {
    const items = Array.from({ length: counted.count }, (_, i) => constValue(counted.from + counted.step * BigInt(i)))
    unroll(cx, node, { pattern: 'counter', name: counted.name.name, items })
    return
  }
  if (counted) {
    loop(cx, node, (next) =>
      repeat(cx, node, {
        pattern: 'counter',
        name: counted.name.name,
        count: counted.count,
        next,
        value: (i) => scaled(cx, node, i, counted),
      }),
    )
    return
  }
  inScope(cx, () => {
    if (node.init?.type === 'VariableDeclaration') declare(cx, node.init)
    else if (node.init) cx.lower.value(node.init)
    loop(cx, node, (next) => whileForm(cx, node, { next, test: node.test, update: node.update }))
  })
}

function scaled(cx: Cx, node: For, index: Value, { from, step }: Count): Value {
  if (from === 0n && step === 1n) return index
  if (index.kind !== 'int') return index
  const span = spanOf(cx, node)
  const product: Form =
    step === 1n ? index.form : { kind: 'binary', op: 'mul', left: index.form, right: constForm(step, span), span }
  const sum: Form = { kind: 'binary', op: 'add', left: product, right: constForm(from, span), span }
  const result = intValue({ kind: 'cast', type: u32, value: sum, span }, u32)
  // A counter that goes down is a large factor that wraps.
  return step < 0x8000_0000n ? { ...result, max: from + step * index.max! } : { ...result, max: from }
}

export function whileLoop(cx: Cx, node: While): void {
  loop(cx, node, (next) => whileForm(cx, node, { next, test: node.test, update: null }))
}

interface WhileParts {
  readonly next: Target
  readonly test: Expr | null
  readonly update: Expr | null
}

function whileForm(cx: Cx, node: For | While, { next, test, update }: WhileParts): void {
  const span = spanOf(cx, node)
  // The test runs before every round, the last one included.
  for (const key of assignedRefs(cx, node)) cx.known?.delete(key)
  let learned: { yes: readonly object[]; no: readonly object[] } = { yes: [], no: [] }
  let endless = !test
  const form = nested(cx, span, () => {
    if (!test) return constForm(1, span)
    const found = condition(cx, test)
    learned = found
    endless = found.known === true
    return found.form
  })
  const { result: body } = branch(cx, learned.yes, () =>
    repeated(cx, node, () => {
      round(cx, node.body, next)
      if (update && cx.known) cx.lower.value(update)
    }),
  )
  emit(cx, { kind: 'while', test: form, body, span })
  // Only a `break` leaves an endless loop.
  if (endless) cx.known = undefined
  else for (const key of learned.no) cx.known?.add(key)
}

/** The body once, and then as long as the test holds. */
export function doWhileLoop(cx: Cx, node: While): void {
  const span = spanOf(cx, node)
  loop(cx, node, (next) => {
    const end = target('done')
    const body = repeated(cx, node, () => {
      round(cx, node.body, next)
      if (!cx.known) return
      const { form } = condition(cx, node.test)
      end.used = true
      emit(cx, {
        kind: 'if',
        test: form,
        then: constForm(0, span),
        else: { kind: 'leave', label: end.label, span },
        span,
      })
    })
    emit(cx, { kind: 'block', label: end.label, body: { kind: 'while', test: constForm(1, span), body, span }, span })
  })
}
