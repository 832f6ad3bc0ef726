/** `defstruct`, `defunion`, `defheader`. */
import { isIdentifier, toKernelName } from '../tables/names.ts'
import { layoutStruct, layoutUnion, sizeOf } from '../types/layout.ts'
import type { StructType, Type, UnionType } from '../types/types.ts'
import { declaredInteger } from './constants.ts'
import type { ModuleState } from './context.ts'
import { NIL, type Sym } from './datum.ts'
import { structNamed } from './forms/shared.ts'
import { type HeaderField, headerForms, structForms } from './forms/structs.ts'
import { parseOptions } from './options.ts'
import { listOf, quoted, type Stx, symbolOf, syntaxError } from './syntax.ts'
import { anyType, scalarType } from './types.ts'

type CheckName = (module: ModuleState, stx: Stx, what: string) => Sym

/** A name in C spelling, or an error. */
export function kernelName(stx: Stx, name: Sym, what: string): string {
  const result = toKernelName(name.name)
  if (isIdentifier(result)) return result
  throw syntaxError(
    'bad-name',
    stx,
    `the ${what} name ${quoted(stx)} cannot be a C identifier`,
    'use letters, digits and `-`, a letter first',
  )
}

export function defineStruct(module: ModuleState, stx: Stx, args: readonly Stx[], checkName: CheckName): void {
  const [nameStx, ...rest] = args
  if (!nameStx)
    throw syntaxError(
      'wrong-argument-count',
      stx,
      '`defstruct` needs a name',
      'usage: (defstruct name (field type)...)',
    )
  const name = checkName(module, nameStx, 'struct')
  const fieldStxs = rest.filter((f) => typeof f.datum !== 'string')
  if (fieldStxs.length === 0)
    throw syntaxError(
      'bad-syntax',
      stx,
      `the struct ${quoted(nameStx)} has no fields`,
      'usage: (defstruct name (field type)...)',
    )
  const seen = new Set<string>()
  const fields = fieldStxs.map((fieldStx) => {
    const [fieldName, typeStx, ...extra] = listOf(fieldStx, 'a field (name type)')
    if (!fieldName || !typeStx || extra.length > 0)
      throw syntaxError('bad-syntax', fieldStx, `expected a field (name type), got ${quoted(fieldStx)}`)
    const fieldKernelName = kernelName(fieldName, symbolOf(fieldName, 'a field name'), 'field')
    if (seen.has(fieldKernelName))
      throw syntaxError('duplicate-name', fieldName, `the struct has two fields named ${quoted(fieldName)}`)
    seen.add(fieldKernelName)
    return {
      name: fieldKernelName,
      type: anyType(module, typeStx, (s) => declaredInteger(module, s, 'an array length')),
    }
  })
  add(module, { nameStx, name }, layoutStruct(kernelName(nameStx, name, 'struct'), fields))
}

function add(module: ModuleState, { nameStx, name }: { nameStx: Stx; name: Sym }, type: StructType | UnionType): void {
  const old = module.structs.get(type.name)
  if (old) {
    throw syntaxError('duplicate-name', nameStx, `there are two structs named ${quoted(nameStx)}`)
  }
  module.structs.set(type.name, { type, span: nameStx.span })
  for (const [symbol, form] of structForms(name, type, nameStx.span)) {
    const clash = module.generated.get(symbol)
    if (clash?.span && clash.span !== nameStx.span) {
      throw syntaxError(
        'duplicate-name',
        nameStx,
        `the accessor \`${symbol.name.toLowerCase()}\` of ${quoted(nameStx)} is already defined by another declaration`,
      )
    }
    module.generated.set(symbol, form)
  }
}

export function defineUnion(module: ModuleState, stx: Stx, args: readonly Stx[], checkName: CheckName): void {
  const [nameStx, ...memberStxs] = args
  if (!nameStx || memberStxs.length === 0)
    throw syntaxError(
      'wrong-argument-count',
      stx,
      '`defunion` needs a name and member structs',
      'usage: (defunion name struct...)',
    )
  const name = checkName(module, nameStx, 'union')
  const members = memberStxs.map((member): { name: string; type: Type } => {
    const type = structNamed({ module }, member)
    return { name: type.name, type }
  })
  add(module, { nameStx, name }, layoutUnion(kernelName(nameStx, name, 'union'), members))
}

export function defineHeader(module: ModuleState, stx: Stx, args: readonly Stx[]): void {
  const [nameStx, ...fieldStxs] = args
  if (!nameStx)
    throw syntaxError(
      'wrong-argument-count',
      stx,
      '`defheader` needs a name',
      'usage: (defheader name (field :offset 0 :type u16 :net-order t)...)',
    )
  const name = symbolOf(nameStx, 'the name of a header')
  const fields = fieldStxs.filter((f) => typeof f.datum !== 'string').map((fieldStx) => headerField(module, fieldStx))
  for (const [symbol, form] of headerForms(name.name, fields, nameStx.span)) module.generated.set(symbol, form)
}

function headerField(module: ModuleState, stx: Stx): HeaderField {
  const [nameStx, ...rest] = listOf(stx, 'a field (name :offset N :type T)')
  if (!nameStx) throw syntaxError('bad-syntax', stx, 'expected a field (name :offset N :type T)')
  const options = parseOptions('defheader', rest, ['OFFSET', 'TYPE', 'NET-ORDER'])
  const offset = options.get('OFFSET')
  const type = options.get('TYPE')
  if (!offset || !type)
    throw syntaxError('missing-option', stx, `the field ${quoted(nameStx)} needs \`:offset\` and \`:type\``)
  const net = options.get('NET-ORDER')?.value.datum
  const scalar = scalarType(type.value)
  const at = declaredInteger(module, offset.value, 'the offset of a field')
  if (at < 0) throw syntaxError('bad-option', offset.value, 'the offset of a field cannot be negative')
  return {
    name: symbolOf(nameStx, 'a field name').name,
    offset: at,
    type: scalar,
    netOrder: net !== undefined && net !== NIL && sizeOf(scalar) > 1,
  }
}
