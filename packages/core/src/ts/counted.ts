/** Loops that count between constants: recognised by their text, without a trace of it in the output. */
import type { Expr, For, Identifier } from './ast.ts'
import { unwrapped } from './ast.ts'
import type { Cx } from './context.ts'
import { annotatedType } from './names.ts'
import { assignedNames, walk } from './parse.ts'
import type { Slot } from './value.ts'

/** `for (let i = FROM; i < TO; i += STEP)` with constants, where the body leaves `i` alone. */
export interface Count {
  readonly name: Identifier
  readonly from: bigint
  readonly step: bigint
  readonly count: number
}

export function countOf(cx: Cx, node: For): Count | undefined {
  const { init, test, update } = node
  if (init?.type !== 'VariableDeclaration' || init.declarations.length !== 1 || !test || !update) return undefined
  const { id, init: start } = init.declarations[0]!
  if (id.type !== 'Identifier' || !start || assignedNames(node.body).has(id.name)) return undefined
  const type = annotatedType(cx, id.typeAnnotation)
  if (type && (type === 'boolean' || type.bits > 32 || type.signed)) return undefined
  const from = constantOf(cx, start)
  const step = stepOf(cx, update, id.name)
  const bound = boundOf(cx, test, id.name)
  if (from === undefined || step === undefined || !bound || from < 0n) return undefined
  let count = 0
  let at = from
  for (; holds(bound.operator, at, bound.limit); at += step) if (++count > 1 << 20 || at < 0n) return undefined
  return at < 0n ? undefined : { name: id, from, step: BigInt.asUintN(32, step), count }
}

const holds = (operator: string, at: bigint, limit: bigint): boolean =>
  operator === '<'
    ? at < limit
    : operator === '<='
      ? at <= limit
      : operator === '>'
        ? at > limit
        : operator === '>='
          ? at >= limit
          : at !== limit

/** A constant that needs no code; undefined: not one. */
function constantOf(cx: Cx, expr: Expr): bigint | undefined {
  const node = unwrapped(expr)
  // Only names, members and literals and operators on them can be asked for without effect.
  let plain = true
  walk(node, (inner) => {
    if (['CallExpression', 'AssignmentExpression', 'UpdateExpression', 'ArrowFunctionExpression'].includes(inner.type))
      plain = false
  })
  if (!plain) return undefined
  const before = cx.out.length
  const value = cx.lower.value(node)
  cx.out.length = before
  return value.kind === 'const' ? value.value : undefined
}

function stepOf(cx: Cx, update: Expr, name: string): bigint | undefined {
  const node = unwrapped(update)
  const isCounter = (e: unknown): boolean => (e as Identifier).type === 'Identifier' && (e as Identifier).name === name
  if (node.type === 'UpdateExpression' && isCounter(node.argument)) return node.operator === '++' ? 1n : -1n
  if (node.type !== 'AssignmentExpression' || !isCounter(node.left)) return undefined
  const amount = node.operator === '+=' || node.operator === '-=' ? constantOf(cx, node.right) : undefined
  return amount === undefined || amount === 0n ? undefined : node.operator === '+=' ? amount : -amount
}

function boundOf(cx: Cx, test: Expr, name: string): { operator: string; limit: bigint } | undefined {
  const node = unwrapped(test)
  if (node.type !== 'BinaryExpression' || !['<', '<=', '>', '>=', '!=='].includes(node.operator)) return undefined
  const left = unwrapped(node.left)
  if (left.type !== 'Identifier' || left.name !== name) return undefined
  const limit = constantOf(cx, node.right)
  return limit === undefined ? undefined : { operator: node.operator, limit }
}

/** Is the counter the index of an array that is known at compile time only? Then the loop is written out. */
export function indexesData(cx: Cx, node: For, name: string): boolean {
  let found = false
  walk(node.body, (inner) => {
    const { computed, object, property } = inner as unknown as { computed?: boolean; object?: Expr; property?: Expr }
    if (inner.type !== 'MemberExpression' || !computed || found) return
    let uses: boolean = false
    walk(property, (n) => {
      if (n.type === 'Identifier' && (n as unknown as Identifier).name === name) uses = true
    })
    if (!uses) return
    const owner = unwrapped(object!)
    found = owner.type === 'Identifier' && findData(cx, owner)
  })
  return found
}

function findData(cx: Cx, node: Identifier): boolean {
  const captured = cx.frame.captures?.captures.get(node.name)
  for (let scope: Cx['scope'] | undefined = cx.scope; scope; scope = scope.parent) {
    const slot: Slot | undefined = scope.names.get(node.name)
    if (slot)
      return (
        slot.kind === 'value' &&
        (slot.value.kind === 'list' || (slot.value.kind === 'data' && slot.value.data.kind === 'array'))
      )
  }
  return captured?.kind === 'array'
}
