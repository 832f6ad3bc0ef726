/** Statements. An error ends its statement only, so that one run shows several. */
import { Abort } from '../diag/diagnostic.ts'
import type { Form } from '../forms/node.ts'
import type { Expr, ExpressionStatement, If, Return, Stmt } from './ast.ts'
import { isFunction, unwrapped } from './ast.ts'
import { condition } from './conditions.ts'
import type { Cx } from './context.ts'
import { branch, constForm, emit, failure, inScope, joinKnown, nested, Reported, spanOf } from './context.ts'
import { declare } from './declare.ts'
import { refused, settle } from './expressions.ts'
import { castForm, describe, typeOfNum } from './integers.ts'
import { doWhileLoop, forLoop, forOfLoop, jump, labelled, whileLoop } from './loops.ts'
import { truthAsNumber } from './operators.ts'
import { switchStatement } from './switch.ts'
import type { Value } from './value.ts'
import { VOID_VALUE } from './value.ts'

export function statements(cx: Cx, body: readonly Stmt[]): void {
  // Functions can be called before their text.
  for (const node of body) {
    if (isFunction(node) && node.id) {
      const value = { kind: 'closure', node, scope: cx.scope, frame: cx.frame, name: node.id.name } as const
      cx.scope.names.set(node.id.name, { kind: 'value', value })
    }
  }
  for (const node of body) {
    if (!cx.known) return
    const before = cx.out.length
    try {
      statement(cx, node)
    } catch (error) {
      // Half of a statement would only bring errors of its own.
      cx.out.length = Math.min(cx.out.length, before)
      if (error instanceof Abort) cx.unit.bag.add(error.diagnostic)
      else if (!(error instanceof Reported)) throw error
    }
  }
}

function statement(cx: Cx, node: Stmt): void {
  switch (node.type) {
    case 'VariableDeclaration':
      declare(cx, node)
      return
    case 'ExpressionStatement':
      if (!node.directive) expressionStatement(cx, node)
      return
    case 'IfStatement':
      ifStatement(cx, node)
      return
    case 'ReturnStatement':
      returnStatement(cx, node)
      return
    case 'BlockStatement':
      inScope(cx, () => cx.lower.statements(node.body))
      return
    case 'ForStatement':
      forLoop(cx, node)
      return
    case 'ForOfStatement':
      forOfLoop(cx, node)
      return
    case 'WhileStatement':
      whileLoop(cx, node)
      return
    case 'DoWhileStatement':
      doWhileLoop(cx, node)
      return
    case 'SwitchStatement':
      switchStatement(cx, node)
      return
    case 'BreakStatement':
    case 'ContinueStatement':
      jump(cx, node)
      return
    case 'LabeledStatement':
      labelled(cx, node)
      return
    case 'FunctionDeclaration':
    case 'EmptyStatement':
    case 'TSTypeAliasDeclaration':
    case 'TSInterfaceDeclaration':
      return
    default:
      throw refused(cx, node)
  }
}

/** A single statement as the body of something, with names of its own. */
export function bodyForm(cx: Cx, node: Stmt): Form {
  return nested(cx, spanOf(cx, node), () => {
    inScope(cx, () => cx.lower.statements(node.type === 'BlockStatement' ? node.body : [node]))
    return undefined
  })
}

function expressionStatement(cx: Cx, { expression }: ExpressionStatement): void {
  const node = unwrapped(expression)
  if (node.type === 'LogicalExpression' && node.operator !== '??') {
    shortCircuit(cx, node)
    return
  }
  cx.wanted = false
  try {
    // Loads and arithmetic have no effect: what has one was emitted already.
    cx.lower.value(node)
  } finally {
    cx.wanted = true
  }
}

/** `x && f()` as a statement is an `if`. */
function shortCircuit(cx: Cx, node: Extract<Expr, { type: 'LogicalExpression' }>): void {
  const statementOf = (expression: Expr): Stmt => ({
    type: 'ExpressionStatement',
    expression,
    start: expression.start,
    end: expression.end,
  })
  const empty: Stmt = { type: 'EmptyStatement', start: node.start, end: node.start }
  const right = statementOf(node.right)
  const isAnd = node.operator === '&&'
  ifStatement(cx, {
    type: 'IfStatement',
    test: node.left,
    consequent: isAnd ? right : empty,
    alternate: isAnd ? null : right,
    start: node.start,
    end: node.end,
  })
}

function ifStatement(cx: Cx, node: If): void {
  const test = condition(cx, node.test)
  if (test.known !== undefined) {
    const taken = test.known ? node.consequent : node.alternate
    if (taken) inScope(cx, () => cx.lower.statements(taken.type === 'BlockStatement' ? taken.body : [taken]))
    return
  }
  const then = branch(cx, test.yes, () => bodyForm(cx, node.consequent))
  const other = branch(cx, test.no, () => (node.alternate ? bodyForm(cx, node.alternate) : undefined))
  const form: Form = { kind: 'if', test: test.form, then: then.result, else: other.result, span: spanOf(cx, node) }
  emit(cx, form)
  cx.known = joinKnown(then.known, other.known)
}

function returnStatement(cx: Cx, node: Return): void {
  const value = node.argument ? settle(cx, cx.lower.value(node.argument)) : VOID_VALUE
  const span = spanOf(cx, node)
  const { returns } = cx.frame
  if (returns) {
    const leave: { kind: 'leave'; label: typeof returns.label; value?: Form | undefined; span: typeof span } = {
      kind: 'leave',
      label: returns.label,
      span,
    }
    returns.sites.push({ value, span, leave, known: cx.known })
    emit(cx, leave)
  } else {
    emit(cx, { kind: 'return', value: verdict(cx, node.argument ?? node, value), span })
  }
  cx.known = undefined
}

/** The result of a program: a number; nothing is 0. */
export function verdict(cx: Cx, node: Expr | Return, value: Value): Form {
  if (value.kind === 'void' || value.kind === 'null') return constForm(0, spanOf(cx, node))
  const num = truthAsNumber(cx, node, value) ?? value
  if (num.kind === 'const') return constForm(num.value, spanOf(cx, node))
  if (num.kind === 'int') return castForm(cx, node, num, typeOfNum(num))
  throw failure(
    cx,
    node,
    'wrong-kind',
    `a program returns a number, got ${describe(value)}`,
    'for example `return XDP.PASS`',
  )
}
