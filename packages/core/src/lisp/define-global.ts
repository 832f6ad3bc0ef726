/**
 * `defglobal` and `defrodata`: variables of the whole object, which programs and user space share.
 *
 *   (defglobal hits u64)                     read as `hits`, written with setf and incf
 *   (defrodata min-uid u32 1000)             constant once loaded; user space may set it before
 *   (defrodata ports (array u16 2) '(80 443))
 *
 * Scalars are read by name; the name of a struct or array is its address.
 */
import type { Span } from '../diag/source.ts'
import { LITERAL_PREFIX } from '../forms/globals.ts'
import type { GlobalDecl } from '../forms/module.ts'
import { sizeOf } from '../types/layout.ts'
import type { IntType, StructType, Type } from '../types/types.ts'
import { declaredInteger } from './constants.ts'
import type { ModuleState } from './context.ts'
import { isCons, isSym, listItems, type Value } from './datum.ts'
import { kernelName } from './define-struct.ts'
import { evaluate } from './eval.ts'
import { evaluating } from './expand.ts'
import { printDatum } from './print.ts'
import { quoted, type Stx, symbolOf, syntaxError } from './syntax.ts'
import { anyType } from './types.ts'

/** As a map's value, which is what a section becomes. */
const MAX_BYTES = 1 << 20

export function defineGlobal(module: ModuleState, stx: Stx, args: readonly Stx[], access: GlobalDecl['access']): void {
  const form = access === 'readonly' ? 'defrodata' : 'defglobal'
  const [nameStx, typeStx, valueStx, extra] = args
  if (!nameStx || !typeStx || (extra && typeof extra.datum !== 'string'))
    throw syntaxError(
      'wrong-argument-count',
      stx,
      `\`${form}\` takes a name, a type and an initial value`,
      `usage: (${form} name type [value])`,
    )
  const name = kernelName(nameStx, symbolOf(nameStx, 'the name of a variable'), 'variable')
  if (module.globals.has(name) || module.maps.has(name))
    throw syntaxError('duplicate-name', nameStx, `the name ${quoted(nameStx)} is used twice`)
  const type = anyType(module, typeStx, (s) => declaredInteger(module, s, 'an array length'))
  const size = sizeOf(type)
  if (size > MAX_BYTES)
    throw syntaxError('bad-type', typeStx, `the variable has ${size} bytes; at most ${MAX_BYTES} are allowed`)
  const init = new Uint8Array(size)
  if (valueStx) encode(new DataView(init.buffer), type, { at: 0, stx: valueStx, value: initialValue(module, valueStx) })
  module.globals.set(name, { name, type, access, init, span: nameStx.span })
}

/** A constant of the program, such as a format string: its address is what counts, and it has no name. */
export function literal(module: ModuleState, bytes: Uint8Array, span: Span): GlobalDecl {
  const known = [...module.globals.values()].find(
    (global) =>
      global.hidden && global.init.length === bytes.length && global.init.every((byte, i) => byte === bytes[i]),
  )
  if (known) return known
  const name = `${LITERAL_PREFIX}${[...module.globals.values()].filter((global) => global.hidden).length}`
  const type: Type = { kind: 'array', element: { kind: 'int', bits: 8, signed: false }, length: bytes.length }
  const decl: GlobalDecl = { name, type, access: 'readonly', init: bytes, hidden: true, span }
  module.globals.set(name, decl)
  return decl
}

/** Evaluated, except for a plain list of values such as (80 443). */
function initialValue(module: ModuleState, stx: Stx): Value {
  const { datum } = stx
  if (isCons(datum) && !isSym(datum.car)) return datum
  return evaluating(module, stx, () => evaluate(module.interp, datum, undefined))
}

interface Initial {
  readonly at: number
  /** What errors point at. */
  readonly stx: Stx
  readonly value: Value
}

function encode(view: DataView, type: Type, initial: Initial): void {
  switch (type.kind) {
    case 'int':
      encodeInt(view, type, initial)
      break
    case 'array':
      encodeArray(view, type, initial)
      break
    case 'struct':
      encodeStruct(view, type, initial)
      break
    case 'union':
      if (initial.value !== 0n)
        throw syntaxError('bad-option', initial.stx, 'a union begins with 0', 'leave the initial value out')
      break
  }
}

function encodeInt(view: DataView, type: IntType, { at, stx, value }: Initial): void {
  if (typeof value !== 'bigint')
    throw syntaxError('not-constant', stx, `an initial value is an integer here, got \`${printDatum(value)}\``)
  const low = -(1n << BigInt(type.bits - 1))
  const high = type.signed ? -low - 1n : (1n << BigInt(type.bits)) - 1n
  if (value < low || value > high)
    throw syntaxError('size-mismatch', stx, `${value} does not fit into ${type.bits} bits`)
  const bits = BigInt.asUintN(type.bits, value)
  for (let i = 0; i < type.bits / 8; i++) {
    const byte = type.order === 'net' ? type.bits / 8 - 1 - i : i
    view.setUint8(at + i, Number((bits >> BigInt(8 * byte)) & 0xffn))
  }
}

function encodeArray(view: DataView, { element, length }: Type & { kind: 'array' }, { at, stx, value }: Initial): void {
  const items: readonly Value[] | undefined =
    typeof value === 'string' ? [...new TextEncoder().encode(value)].map((byte) => BigInt(byte)) : itemsOf(value)
  if (!items) throw syntaxError('bad-option', stx, 'the initial value of an array is a list', "write '(1 2 3)")
  if (items.length > length)
    throw syntaxError('size-mismatch', stx, `${items.length} initial values, but the array has room for ${length}`)
  for (const [i, item] of items.entries()) encode(view, element, { at: at + i * sizeOf(element), stx, value: item })
}

function encodeStruct(view: DataView, { name, fields }: StructType, { at, stx, value }: Initial): void {
  const items = itemsOf(value)
  if (!items || items.length > fields.length)
    throw syntaxError(
      'bad-option',
      stx,
      `the initial value of struct \`${name}\` is a list of at most ${fields.length} values`,
      `its fields are ${fields.map((field) => field.name).join(', ')}`,
    )
  for (const [i, item] of items.entries())
    encode(view, fields[i]!.type, { at: at + fields[i]!.offset, stx, value: item })
}

function itemsOf(value: Value): readonly Value[] | undefined {
  return Array.isArray(value) ? value : listItems(value)
}
