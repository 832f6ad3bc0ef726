/**
 * Type rules of integers: which types meet in an operator, what may go where, and how a value is brought into a type.
 *
 *   - a literal takes the type of what it meets; alone it is u32, i32 when negative, 64 bits wide when it does not fit
 *   - widths that differ widen; signed and unsigned do not mix without a cast
 *   - a value goes into a wider type of its own sign by itself; everything else needs a cast
 */
import type { Form } from '../forms/node.ts'
import type { IntBits, IntType, Type } from '../types/types.ts'
import { SCALARS, scalarName } from '../types/types.ts'
import type { Node } from './ast.ts'
import type { Cx } from './context.ts'
import { bind, constForm, failure, localForm, spanOf } from './context.ts'
import type { ConstValue, IntValue, Value } from './value.ts'
import { constValue, intValue } from './value.ts'

export type Num = ConstValue | IntValue

export const plain = (type: IntType): IntType => SCALARS[scalarName(type)]

export function fits(value: bigint, type: IntType): boolean {
  return (type.signed ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value)) === value
}

export const wrap = (value: bigint, type: IntType): bigint =>
  type.signed ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value)

/** The type that a literal has when nothing else decides. */
export function literalType(value: bigint): IntType {
  if (value < 0n) return fits(value, SCALARS.i32) ? SCALARS.i32 : SCALARS.i64
  return fits(value, SCALARS.u32) ? SCALARS.u32 : SCALARS.u64
}

export const typeOfNum = (num: Num): IntType => num.type ?? literalType((num as ConstValue).value)

const wider = (a: IntType, b: IntType): IntType => (a.bits >= b.bits ? plain(a) : plain(b))

/** Smallest type of this sign, at least as wide as `type`, that holds the value. */
function widened(type: IntType, value: bigint): IntType | undefined {
  for (const bits of [8, 16, 32, 64] as IntBits[]) {
    const candidate = SCALARS[scalarName({ kind: 'int', bits, signed: type.signed })]
    if (bits >= type.bits && fits(value, candidate)) return candidate
  }
  return undefined
}

/** The type in which two numbers meet. `bitwise`: a negative literal stands for its bits. */
export function commonType(cx: Cx, node: Node, operator: string, [a, b]: readonly [Num, Num]): IntType {
  const bitwise = operator === '&' || operator === '|' || operator === '^'
  if (a.type && b.type) {
    if (a.type.signed === b.type.signed) return wider(a.type, b.type)
    throw mixedSigns(cx, node, operator, [a.type, b.type])
  }
  if (!a.type && !b.type) {
    const [x, y] = [typeOfNum(a), typeOfNum(b)]
    return x.signed === y.signed ? wider(x, y) : SCALARS.i64
  }
  const typed = (a.type ?? b.type)!
  const { value } = (a.type ? b : a) as ConstValue
  const found = bitwise && value < 0n && fits(value, SCALARS.i64) ? plain(typed) : widened(typed, value)
  if (found) return found
  const name = scalarName(typed)
  if (value < 0n) {
    throw failure(
      cx,
      node,
      'mixed-signedness',
      `\`${operator}\` of a ${name}, which is never negative, and ${value}`,
      `cast the ${name} to a signed type: \`i${typed.bits}(...)\``,
    )
  }
  throw failure(
    cx,
    node,
    'size-mismatch',
    `${value} does not fit into any ${typed.signed ? 'signed' : 'unsigned'} type`,
  )
}

function mixedSigns(cx: Cx, node: Node, operator: string, [a, b]: readonly [IntType, IntType]) {
  const message = `\`${operator}\` of ${a.signed ? 'signed' : 'unsigned'} ${scalarName(a)} and ${b.signed ? 'signed' : 'unsigned'} ${scalarName(b)}`
  const bits = Math.max(a.bits, b.bits)
  return failure(cx, node, 'mixed-signedness', message, `cast one side: \`u${bits}(x)\` or \`i${bits}(x)\``)
}

/** The number as a form of that type; wraps. */
export function castForm(cx: Cx, node: Node, num: Num, type: IntType): Form {
  if (num.kind === 'const') return constForm(wrap(num.value, type), spanOf(cx, node), plain(type))
  return isPartOf(num.type, type)
    ? num.form
    : { kind: 'cast', type: plain(type), value: num.form, span: spanOf(cx, node) }
}

/** Does every value of `from` look the same in a register as in `to`? */
function isPartOf(from: IntType, to: IntType): boolean {
  return from.signed === to.signed ? from.bits <= to.bits : !from.signed && from.bits < to.bits
}

export function cast(cx: Cx, node: Node, num: Num, type: IntType): Num {
  return num.kind === 'const'
    ? constValue(wrap(num.value, type), plain(type))
    : intValue(castForm(cx, node, num, type), plain(type))
}

/** Brings a value into a declared type, as an assignment does; refuses what would lose bits. */
export function assignable(cx: Cx, node: Node, value: Value, target: { type: IntType; what: string }): Num {
  const num = numberOf(cx, node, value)
  const { type, what } = target
  const to = scalarName(type)
  if (num.kind === 'const') {
    if (fits(num.value, type)) return constValue(num.value, plain(type))
    const hint = `if the bits are what you mean, write \`${to}(${num.value})\``
    throw failure(cx, node, 'size-mismatch', `${num.value} does not fit into ${what}, which is ${to}`, hint)
  }
  const from = num.type
  if (isPartOf(from, type)) return { ...num, type: plain(type) }
  if (num.max !== undefined && fits(num.max, type)) return { ...num, type: plain(type) }
  const code = from.signed === type.signed ? 'narrowing' : 'mixed-signedness'
  throw failure(
    cx,
    node,
    code,
    `this is ${scalarName(from)}, and ${what} is ${to}`,
    code === 'narrowing' ? `cut it with a cast: \`${to}(...)\`` : `convert it with a cast: \`${to}(...)\``,
  )
}

/** The value as a number; refuses everything else by kind. */
export function numberOf(cx: Cx, node: Node, value: Value): Num {
  if (value.kind === 'const' || value.kind === 'int') return value
  throw failure(cx, node, 'wrong-kind', `expected a number, got ${describe(value)}`, hintFor(value))
}

function hintFor(value: Value): string | undefined {
  if (value.kind === 'bool' || (value.kind === 'data' && value.data.kind === 'boolean'))
    return 'convert it: `u32(condition)`'
  if (value.kind === 'ref' && value.type.kind === 'int') return 'the number behind the reference is `.value`'
  if (value.kind === 'data' && value.data.kind === 'global') return 'the number of a global is `.value`'
  return undefined
}

export function describe(value: Value): string {
  switch (value.kind) {
    case 'const':
      return `the number ${value.value}`
    case 'int':
      return `a ${scalarName(value.type)}`
    case 'bool':
      return 'a truth value'
    case 'ref':
      return `a reference to ${describeType(value.type)}`
    case 'kernel':
      return `the kernel's \`${value.def.struct}\``
    case 'data':
      return describeData(value.data)
    case 'list':
      return 'an array'
    case 'object':
      return 'an object'
    case 'closure':
      return 'a function'
    case 'ctx':
      return 'the context'
    case 'null':
      return 'null'
    case 'void':
      return 'nothing'
  }
}

export function describeType(type: Type): string {
  switch (type.kind) {
    case 'int':
      return `a ${scalarName(type)}`
    case 'array':
      return `an array of ${type.length}`
    case 'struct':
    case 'union':
      return `the ${type.kind} \`${type.name}\``
  }
}

function describeData(data: Extract<Value, { kind: 'data' }>['data']): string {
  switch (data.kind) {
    case 'number':
      return `the number ${data.value}`
    case 'bigint':
      return `the number ${data.value}`
    case 'boolean':
      return String(data.value)
    case 'string':
      return `the string ${JSON.stringify(data.value)}`
    case 'null':
    case 'undefined':
      return data.kind
    case 'array':
      return 'an array'
    case 'object':
      return 'an object'
    case 'schema':
      return 'a schema'
    case 'kernelStruct':
      return `the kernel struct \`${data.struct}\``
    case 'map':
      return 'a map'
    case 'global':
      return 'a global variable'
    case 'program':
      return 'a program'
    case 'subprog':
    case 'function':
      return 'a function'
    case 'objectDef':
      return 'the object of programs'
    case 'intrinsic':
      return `\`${data.name}\` of the authoring API`
    case 'opaque':
      return data.what
    case 'failed':
      return `a value that could not be read (${data.message})`
  }
}

/** A number that may be used more than once. */
export function stable(cx: Cx, node: Node, num: Num, name: string): Num {
  if (num.kind === 'const' || num.form.kind === 'const') return num
  const span = spanOf(cx, node)
  return { ...num, form: localForm(bind(cx, span, { name, init: num.form, type: num.type }), span) }
}
