/**
 * Order of evaluation. Operands are forms that are put together into one tree; when a later operand has to emit a step of
 * its own (a call, a lookup), the ones before are evaluated first, into locals.
 */
import type { Expr, Node } from './ast.ts'
import type { Cx, Item } from './context.ts'
import { localForm, spanOf } from './context.ts'
import { boolLocalType } from './join.ts'
import type { Value } from './value.ts'
import { boolValue, intValue } from './value.ts'

export function evaluateAll(cx: Cx, nodes: readonly Expr[]): Value[] {
  const values: Value[] = []
  for (const node of nodes) {
    const before = cx.out.length
    const value = cx.lower.value(node)
    if (cx.out.length > before) {
      const spilled: Item[] = []
      for (const [i, earlier] of values.entries()) values[i] = spill(cx, nodes[i]!, earlier, spilled)
      cx.out.splice(before, 0, ...spilled)
    }
    values.push(value)
  }
  return values
}

function spill(cx: Cx, node: Node, value: Value, out: Item[]): Value {
  if (value.kind !== 'int' && value.kind !== 'bool') return value
  if (value.form.kind === 'const') return value
  const span = spanOf(cx, node)
  const type = value.kind === 'int' ? value.type : boolLocalType
  const local = { name: 'operand', type, span }
  out.push({ kind: 'bind', local, init: value.form, span })
  const form = localForm(local, span)
  return value.kind === 'int' ? intValue(form, value.type) : boolValue(form)
}
