/**
 * Calls of plain functions: the text of the function is lowered in place, with the types of the arguments. A recursive
 * call has no end, and is refused.
 */
import type { Form } from '../forms/node.ts'
import type { Expr, FunctionNode, Node, Pattern, Stmt } from './ast.ts'
import { REFUSED, unwrapped } from './ast.ts'
import type { Cx, Frame, ReturnSite, Scope } from './context.ts'
import { childScope, failure, foldItems, joinKnown, spanOf } from './context.ts'
import { bindPattern } from './declare.ts'
import { join } from './join.ts'
import { assignedNames } from './parse.ts'
import type { Value } from './value.ts'
import { VOID_VALUE } from './value.ts'

/** What is called: the tree, and where its free names are found. */
export interface Callee {
  readonly node: FunctionNode
  readonly name: string
  /** Of the file that the function stands in. */
  readonly frame: Pick<Frame, 'file' | 'captures'>
  /** Names around a function that was written inside a kernel function. */
  readonly scope: Scope | undefined
}

export function inline(cx: Cx, call: Node, callee: Callee, args: readonly Value[]): Value {
  refuseKinds(cx, call, callee)
  for (let f: Frame | undefined = cx.frame; f; f = f.caller) {
    if (f.node !== callee.node) continue
    throw failure(
      cx,
      call,
      'recursive-call',
      `\`${callee.name || 'this function'}\` calls itself`,
      'a BPF program has no recursion; use a loop with a bound',
    )
  }
  const outer = { frame: cx.frame, scope: cx.scope, jumps: cx.jumps, out: cx.out, known: cx.known }
  const returns = { label: { name: callee.name || 'function' }, sites: [] as ReturnSite[] }
  cx.scope = childScope(callee.scope)
  cx.jumps = []
  cx.out = []
  cx.frame = {
    file: callee.frame.file,
    captures: callee.frame.captures,
    name: callee.name,
    node: callee.node,
    caller: outer.frame,
    returns,
    assigned: assignedNames(callee.node),
  }
  try {
    bindParameters(cx, call, callee, args)
    const tail = lowerBody(cx, callee.node.body)
    return finish(cx, { outer, returns, tail })
  } finally {
    Object.assign(cx, { frame: outer.frame, scope: outer.scope, jumps: outer.jumps, out: outer.out })
  }
}

function refuseKinds(cx: Cx, call: Node, { node, name }: Callee): void {
  const kind = node.async ? 'an async function' : node.generator ? 'a generator' : undefined
  if (!kind) return
  const [, hint] = REFUSED[node.async ? 'AwaitExpression' : 'YieldExpression']!
  throw failure(cx, call, 'unsupported', `\`${name}\` is ${kind}, which is not supported in kernel functions`, hint)
}

function bindParameters(cx: Cx, call: Node, { node, name }: Callee, args: readonly Value[]): void {
  const { params } = node
  if (args.length > params.length || args.length < params.filter(isNeeded).length) {
    const message = `\`${name || 'the function'}\` takes ${params.length} argument${params.length === 1 ? '' : 's'}, got ${args.length}`
    throw failure(cx, call, 'wrong-argument-count', message)
  }
  for (const [i, param] of params.entries()) bindPattern(cx, param, args[i] ?? { kind: 'null' })
}

const isNeeded = (param: Pattern): boolean =>
  !(param.type === 'Identifier' && (param as { optional?: boolean }).optional)

/** The value at the end of the text; the `return`s before it are in the frame. */
function lowerBody(cx: Cx, body: Expr | { readonly type: 'BlockStatement'; readonly body: readonly Stmt[] }): Value {
  if (body.type !== 'BlockStatement') return cx.lower.value(body)
  const statements = [...body.body]
  const last = statements.at(-1)
  // A `return` at the end needs no jump: its value is that of the call.
  const tail = last?.type === 'ReturnStatement' && last.argument ? last.argument : undefined
  cx.lower.statements(tail ? statements.slice(0, -1) : statements)
  return tail && cx.known ? cx.lower.value(tail) : VOID_VALUE
}

interface Ending {
  readonly outer: { readonly frame: Frame; readonly scope: Scope; readonly out: Cx['out'] }
  readonly returns: NonNullable<Frame['returns']>
  readonly tail: Value
}

function finish(cx: Cx, { outer, returns, tail }: Ending): Value {
  const { sites, label } = returns
  if (sites.length === 0) {
    outer.out.push(...cx.out)
    return tail
  }
  const values = [...sites.map((site) => site.value), ...(cx.known ? [tail] : [])]
  // Errors about the joined value belong to the text of the function, whose frame is still the present one.
  const { node } = cx.frame
  const joined = join(cx, node, values)
  for (const site of sites) if (joined.form) site.leave.value = joined.form(site.value)
  const span = spanOf(cx, node)
  const last: Form | undefined = cx.known && joined.form ? joined.form(tail) : undefined
  const body = foldItems(cx.out, last, span)
  for (const site of sites) cx.known = joinKnown(cx.known, site.known)
  cx.out = outer.out
  const form: Form = { kind: 'block', label, body, span }
  if (joined.form) return joined.value(form)
  outer.out.push({ kind: 'form', form })
  return joined.value(form)
}

export const calledName = (expr: Expr): string => {
  const node = unwrapped(expr)
  return node.type === 'Identifier' ? node.name : ''
}
