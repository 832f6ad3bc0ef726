/** Type names in source: scalars, `(array type count)`, structs and unions by name. */

import { KERNEL_OBJECTS } from '../tables/kernel-objects.ts'
import { toKernelName } from '../tables/names.ts'
import { type IntType, SCALARS, type ScalarName, type StructType, type Type, type UnionType } from '../types/types.ts'
import type { ModuleState } from './context.ts'
import { isCons, isSym, sym } from './datum.ts'
import { printDatum } from './print.ts'
import { didYouMean } from './suggest.ts'
import { elementsOf, quoted, type Stx, syntaxError } from './syntax.ts'

const ARRAY = sym('ARRAY')
const STRUCT = sym('STRUCT')

/** A scalar type by name, or undefined. */
export function scalarNamed(name: string): IntType | undefined {
  const key = name.toLowerCase()
  return key in SCALARS ? SCALARS[key as ScalarName] : undefined
}

export function isScalarName(stx: Stx): boolean {
  return isSym(stx.datum) && !stx.datum.keyword && scalarNamed(stx.datum.name) !== undefined
}

export function scalarType(stx: Stx): IntType {
  const type = isSym(stx.datum) ? scalarNamed(stx.datum.name) : undefined
  if (type) return type
  const hint = didYouMean(printDatum(stx.datum), Object.keys(SCALARS)) ?? `types are ${Object.keys(SCALARS).join(' ')}`
  throw syntaxError('bad-type', stx, `expected a scalar type, got ${quoted(stx)}`, hint)
}

/** Any type that can lie in memory. `constantInt` evaluates an array length. */
export function anyType(module: ModuleState, stx: Stx, constantInt: (stx: Stx) => number): Type {
  const { datum } = stx
  if (isCons(datum)) {
    const items = elementsOf(stx) ?? []
    if (datum.car === STRUCT && items.length === 2) return anyType(module, items[1]!, constantInt)
    if (datum.car !== ARRAY || items.length !== 3)
      throw syntaxError('bad-type', stx, `expected a type, got ${quoted(stx)}`, 'an array is `(array u8 16)`')
    const length = constantInt(items[2]!)
    if (length < 1) throw syntaxError('bad-type', items[2]!, `an array needs at least one element, got ${length}`)
    return { kind: 'array', element: anyType(module, items[1]!, constantInt), length }
  }
  if (!isSym(datum) || datum.keyword) throw syntaxError('bad-type', stx, `expected a type, got ${quoted(stx)}`)
  const scalar = scalarNamed(datum.name)
  if (scalar) return scalar
  const struct = structOf(module, stx)
  if (struct) return struct
  throw syntaxError(
    'bad-type',
    stx,
    `no type is named ${quoted(stx)}`,
    didYouMean(printDatum(datum), typeNames(module)) ?? 'structs are defined before they are used',
  )
}

/** A struct or union that the program defines, or an object of the kernel, which then belongs to the program's types. */
export function structOf(module: ModuleState, stx: Stx): StructType | UnionType | undefined {
  if (!isSym(stx.datum)) return undefined
  const name = toKernelName(stx.datum.name)
  const known = module.structs.get(name)
  if (known) return known.type
  if (!Object.hasOwn(KERNEL_OBJECTS, name)) return undefined
  const { type } = KERNEL_OBJECTS[name]!
  module.structs.set(name, { type, span: stx.span })
  return type
}

export function typeNames(module: ModuleState): string[] {
  return [...Object.keys(SCALARS), ...[...module.structs.keys()].map((name) => name.replaceAll('_', '-'))]
}
