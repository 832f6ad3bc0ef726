/**
 * `switch`: a chain of tests in the order of the cases. A case that runs into the next one takes its text along; equal ends
 * are merged by the optimizer.
 */
import type { Form } from '../forms/node.ts'
import type { Case, Stmt, Switch } from './ast.ts'
import type { Cx, Target } from './context.ts'
import { branch, emit, failure, inScope, joinKnown, nested, spanOf } from './context.ts'
import { numberOf, stable } from './integers.ts'
import { leavable } from './loops.ts'
import { binary } from './operators.ts'
import type { Value } from './value.ts'

export function switchStatement(cx: Cx, node: Switch): void {
  const given = cx.lower.value(node.discriminant)
  const value = given.kind === 'int' ? stable(cx, node.discriminant, given, 'choice') : given
  const end: Target = { label: { name: 'switch' }, used: false, known: undefined }
  const outer = cx.jumps
  cx.jumps = [...outer, { break: end, continue: undefined, name: undefined }]
  try {
    leavable(cx, node, end, () => inScope(cx, () => chain(cx, node, { value, groups: groupsOf(node.cases), end })))
  } finally {
    cx.jumps = outer
  }
}

/** Cases that share a text, and the text with what it runs into. */
interface Group {
  readonly tests: readonly Case[]
  readonly isDefault: boolean
  readonly body: readonly Stmt[]
}

function groupsOf(cases: readonly Case[]): readonly Group[] {
  const groups: Group[] = []
  let tests: Case[] = []
  for (const [i, one] of cases.entries()) {
    tests.push(one)
    if (one.consequent.length === 0 && i < cases.length - 1) continue
    const body = cases.slice(i).flatMap((c) => c.consequent)
    groups.push({ tests, isDefault: tests.some((t) => !t.test), body })
    tests = []
  }
  return groups
}

interface Chain {
  readonly value: Value
  readonly groups: readonly Group[]
  readonly end: Target
}

function chain(cx: Cx, node: Switch, { value, groups }: Chain): void {
  const fallback = groups.find((g) => g.isDefault)
  const tested = groups.filter((g) => g.tests.some((t) => t.test) && !g.isDefault)
  const step = (at: number): void => {
    const group = tested[at]
    if (!group) {
      if (fallback) cx.lower.statements(untilBreak(fallback.body))
      return
    }
    const test = groupTest(cx, node, value, group)
    if (test === true) {
      cx.lower.statements(untilBreak(group.body))
      return
    }
    if (test === false) {
      step(at + 1)
      return
    }
    const lower = (run: () => void) =>
      branch(cx, [], () =>
        nested(cx, spanOf(cx, node), () => {
          inScope(cx, run)
          return undefined
        }),
      )
    const then = lower(() => cx.lower.statements(untilBreak(group.body)))
    const other = lower(() => step(at + 1))
    emit(cx, { kind: 'if', test, then: then.result, else: other.result, span: spanOf(cx, node) })
    cx.known = joinKnown(then.known, other.known)
  }
  step(0)
}

/** A `break` at the end of the text needs no jump. */
function untilBreak(body: readonly Stmt[]): readonly Stmt[] {
  const at = body.findIndex((s) => s.type === 'BreakStatement' && !s.label)
  return at < 0 ? body : body.slice(0, at)
}

function groupTest(cx: Cx, node: Switch, value: Value, group: Group): Form | boolean {
  const forms: Form[] = []
  for (const { test } of group.tests) {
    if (!test) continue
    const wanted = cx.lower.value(test)
    if (wanted.kind !== 'const' && wanted.kind !== 'data') {
      throw failure(cx, test, 'not-constant', 'the value of a `case` is a constant', 'use `if` and `else if`')
    }
    const compared = binary(cx, test, '===', [
      wanted.kind === 'const' ? numberOf(cx, node.discriminant, value) : value,
      wanted,
    ])
    if (compared.kind === 'data' && compared.data.kind === 'boolean') {
      if (compared.data.value) return true
      continue
    }
    if (compared.kind === 'bool') forms.push(compared.form)
  }
  const span = spanOf(cx, node)
  return forms.length === 0 ? false : forms.length === 1 ? forms[0]! : { kind: 'or', forms, span }
}
