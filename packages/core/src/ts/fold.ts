/**
 * Arithmetic of values that are known at compile time: exact on integers without a type (literals), wrapped at the width
 * of the type otherwise. Division truncates; shifts of literals do not wrap.
 */

import type { IntType } from '../types/types.ts'
import { scalarName } from '../types/types.ts'
import type { Node } from './ast.ts'
import type { Cx } from './context.ts'
import { failure } from './context.ts'
import { commonType, type Num, plain, wrap } from './integers.ts'
import type { ConstValue } from './value.ts'
import { constValue } from './value.ts'

/** Exact value of `a op b`; undefined: not an arithmetic operator. */
function exact(operator: string, a: bigint, b: bigint): bigint | undefined {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '%':
      return a % b
    case '&':
      return a & b
    case '|':
      return a | b
    case '^':
      return a ^ b
    case '<<':
      return a << b
    case '>>':
      return a >> b
    default:
      return undefined
  }
}

export function foldBinary(cx: Cx, node: Node, operator: string, [a, b]: readonly [ConstValue, ConstValue]): Num {
  const isShift = operator === '<<' || operator === '>>' || operator === '>>>'
  checkOperand(cx, node, operator, [a.type, b.value])
  if (operator === '>>>') return logicalShift(cx, node, a, b.value)
  const type = isShift ? a.type : a.type || b.type ? commonType(cx, node, operator, [a, b]) : undefined
  const value = exact(operator, a.value, b.value)!
  return constValue(type ? wrap(value, type) : value, type && plain(type))
}

function logicalShift(cx: Cx, node: Node, a: ConstValue, count: bigint): Num {
  if (!a.type && a.value < 0n) {
    throw failure(cx, node, 'mixed-signedness', '`>>>` of a negative literal', 'say how wide it is: `u32(x) >>> n`')
  }
  const type: IntType | undefined = a.type && plain({ ...a.type, signed: false })
  const bits = type ? wrap(a.value, type) : a.value
  return constValue(bits >> count, type)
}

/** Constant divisors and shift counts, also when the left side is not known. */
export function checkOperand(
  cx: Cx,
  node: Node,
  operator: string,
  [type, right]: readonly [IntType | undefined, bigint],
): void {
  if ((operator === '/' || operator === '%') && right === 0n) {
    throw failure(cx, node, 'division-by-zero', `\`${operator}\` by the constant 0`)
  }
  if (!operator.startsWith('<<') && !operator.startsWith('>>')) return
  const bits = type?.bits ?? 64
  if (right >= 0n && right < BigInt(bits)) return
  const wide = right >= 0n && right < 64n && type
  throw failure(
    cx,
    node,
    'shift-out-of-range',
    `the shift count ${right} is not in 0..${bits - 1}${type ? `, the bits of a ${scalarName(type)}` : ''}`,
    wide ? `widen the value first: \`${type.signed ? 'i' : 'u'}64(x) ${operator} ${right}\`` : undefined,
  )
}

export function foldCompare(operator: string, a: bigint, b: bigint): boolean {
  switch (operator) {
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
    case '!==':
    case '!=':
      return a !== b
    default:
      return a === b
  }
}
