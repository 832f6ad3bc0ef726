/** Arrays, strings, addresses, structs and unions. Layout is C's; `packed` drops the padding. */

import { toCamelName } from '../tables/names.ts'
import { layoutStruct, layoutUnion } from '../types/layout.ts'
import { type ArrayType, type Field, type Type, u8 as u8Type } from '../types/types.ts'
import { define, expectDef } from './define.ts'
import { toSnakeName } from './names.ts'
import type { u8 } from './scalars.ts'
import { schemaMembers } from './scalars.ts'
import type { SchemaDef } from './schema.ts'
import type { AnySchema, Arr, ArraySchema, Fields, Schema, Struct, Union } from './types.ts'

/** The type that a schema describes. */
export function typeOf(schema: AnySchema, what: string): Type {
  return expectDef<SchemaDef>(schema, 'schema', what).type
}

function schemaFor<S>(type: Type): S {
  return define(schemaMembers(type), { kind: 'schema', type }) as S // the caller names the phantom types
}

function checkLength(n: number, what: string): number {
  if (Number.isInteger(n) && n > 0) return n
  throw new RangeError(`${what}: a positive whole number of elements was expected, got ${n}`)
}

export function array<S extends AnySchema, const N extends number>(element: S, length: N): ArraySchema<S, N> {
  return schemaFor({ kind: 'array', element: typeOf(element, 'array()'), length: checkLength(length, 'array()') })
}

const bytes = (length: number, display: NonNullable<ArrayType['display']>): ArrayType => ({
  kind: 'array',
  element: u8Type,
  length,
  display,
})

/** `length` bytes of text that a NUL ends; a string in user space. */
export function str<const N extends number>(length: N): Schema<Arr<u8, N>, string> {
  return schemaFor(bytes(checkLength(length, 'str()'), 'str'))
}

/** Six bytes; '02:00:00:00:00:01' in user space. */
export const mac: Schema<Arr<u8, 6>, string> = /*#__PURE__*/ schemaFor(bytes(6, 'mac'))
/** Sixteen bytes; '2001:db8::1' in user space. */
export const ipv6: Schema<Arr<u8, 16>, string> = /*#__PURE__*/ schemaFor(bytes(16, 'ipv6'))

export interface StructOptions {
  /** No padding between fields, alignment 1: headers on the wire. */
  readonly packed?: boolean
  /** C name; default: the variable that the struct is given to. */
  readonly name?: string
}

export function struct<F extends Fields>(fields: F, options: StructOptions = {}): Struct<F> {
  const type = layoutStruct(options.name ?? '', unplaced(fields, 'struct()'), options.packed === true)
  // At build time a value is its initialiser: data that a kernel function may capture.
  const value = (init: object): object => ({ ...init })
  const schema = define(Object.assign(value, schemaMembers(type), { fields }), { kind: 'schema', type })
  return schema as unknown as Struct<F> // the phantom types
}

/** All members at offset 0. */
export function union<F extends Fields>(members: F, options: { readonly name?: string } = {}): Union<F> {
  const type = layoutUnion(options.name ?? '', unplaced(members, 'union()'))
  return define({ ...schemaMembers(type), fields: members }, { kind: 'schema', type }) as unknown as Union<F> // as above
}

function unplaced(fields: Fields, what: string): Omit<Field, 'offset'>[] {
  const entries = Object.entries(fields)
  if (entries.length === 0) throw new TypeError(`${what}: at least one field was expected`)
  return entries.map(([key, schema]) => {
    if (!/^[A-Za-z_$][\w$]*$/.test(key)) throw new TypeError(`${what}: ${JSON.stringify(key)} cannot be a C identifier`)
    const name = toSnakeName(key)
    // The key is stated only where it does not follow from the name.
    return { name, type: typeOf(schema, `${what}, field ${key}`), ...(toCamelName(name) === key ? {} : { key }) }
  })
}
