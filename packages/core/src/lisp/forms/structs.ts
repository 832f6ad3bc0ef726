/**
 * Forms that a struct, union or header declaration makes: constructor, accessors (which are places), field pointers.
 * Array fields take an index; struct fields give an address.
 */
import type { Span } from '../../diag/source.ts'
import type { Form } from '../../forms/node.ts'
import { toLispName } from '../../tables/names.ts'
import { alignOf, sizeOf } from '../../types/layout.ts'
import type { ArrayType, Field, IntType, StructType, UnionType } from '../../types/types.ts'
import { addOffset, at, binary, bswap, constant, constantOf, seq, withValues } from '../build.ts'
import type { Call, Cx, GeneratedForm, ModuleState } from '../context.ts'
import { type Sym, sym } from '../datum.ts'
import { quoted, syntaxError } from '../syntax.ts'
import { toForm } from '../translate.ts'
import { storeValue, type Target } from './memory.ts'
import { checkCount } from './shared.ts'

/** Name, offset, type and byte order of one header field. */
export interface HeaderField {
  readonly name: string
  readonly offset: number
  readonly type: IntType
  readonly netOrder: boolean
}

type ArrayField = Field & { readonly type: ArrayType }

function generated(args: string, doc: string, rest: Omit<GeneratedForm, 'args' | 'doc'>): GeneratedForm {
  const count = args.split(' ').filter(Boolean).length
  const check = (call: Call): void => checkCount(call, args, [count, count])
  const { assign } = rest
  return {
    ...rest,
    args,
    doc,
    translate: (cx, call) => {
      check(call)
      return rest.translate(cx, call)
    },
    assign:
      assign &&
      ((cx, call, value) => {
        check(call)
        return assign(cx, call, value)
      }),
  }
}

/** Everything a struct or union declaration makes, by symbol. */
export function structForms(name: Sym, type: StructType | UnionType, span: Span): Map<Sym, GeneratedForm> {
  const result = new Map<Sym, GeneratedForm>()
  const make: GeneratedForm['translate'] = (_, call) => ({
    kind: 'alloc',
    name: type.name,
    size: type.size,
    align: alignOf(type),
    zeroed: true,
    type,
    ...at(call.stx),
  })
  result.set(sym(`MAKE-${name.name}`), generated('', 'Zeroed stack memory.', { span, translate: make }))
  if (type.kind === 'union') return result
  for (const field of type.fields) {
    const accessor = `${name.name}-${toLispName(field.name).toUpperCase()}`
    result.set(sym(accessor), fieldForm(type, field, span))
    result.set(
      sym(`${accessor}-PTR`),
      generated('ptr', 'Address of the field.', { span, translate: (cx, call) => address(cx, call, field.offset) }),
    )
  }
  return result
}

function address(cx: Cx, call: Call, offset: number): Form {
  return addOffset(call.stx, toForm(cx, call.args[0]!), constant(call.stx, offset))
}

function fieldForm(struct: StructType, field: Field, span: Span): GeneratedForm {
  const { type, offset } = field
  if (type.kind === 'int') {
    return generated('ptr', `Field ${field.name} of ${struct.name}.`, {
      span,
      translate: (cx, call) => ({
        kind: 'load',
        type,
        ptr: toForm(cx, call.args[0]!),
        offset: constant(call.stx, offset),
        ...at(call.stx),
      }),
      assign: (cx, call, value) =>
        storeValue(call.stx, { type, ptr: toForm(cx, call.args[0]!), offset: constant(call.stx, offset) }, value),
    })
  }
  if (type.kind === 'array') return arrayForm(struct, { ...field, type }, span)
  return generated('ptr', `Address of the field ${field.name} of ${struct.name}.`, {
    span,
    translate: (cx, call) => address(cx, call, offset),
  })
}

function arrayForm(struct: StructType, field: ArrayField, span: Span): GeneratedForm {
  const { element } = field.type
  const missingIndex = (call: Call): void => {
    if (call.args.length !== 1) return
    throw syntaxError(
      'wrong-argument-count',
      call.stx,
      `field \`${toLispName(field.name)}\` of \`${toLispName(struct.name)}\` is an array of ${field.type.length}`,
      `give an index, or take its address with \`${call.name}-ptr\``,
    )
  }
  const target = (cx: Cx, call: Call): Omit<Target, 'type'> => {
    const index = toForm(cx, call.args[1]!)
    checkIndex(call, field, constantOf(index))
    const size = sizeOf(element)
    const scaled = size === 1 ? index : binary(call.stx, 'mul', index, constant(call.stx, size))
    return { ptr: toForm(cx, call.args[0]!), offset: binary(call.stx, 'add', scaled, constant(call.stx, field.offset)) }
  }
  const base = generated('ptr index', `Element of field ${field.name} of ${struct.name}.`, {
    span,
    translate: (cx, call) => {
      const { ptr, offset } = target(cx, call)
      return element.kind === 'int'
        ? { kind: 'load', type: element, ptr, offset, ...at(call.stx) }
        : addOffset(call.stx, ptr, offset)
    },
    assign:
      element.kind !== 'int'
        ? undefined
        : (cx, call, value) => storeValue(call.stx, { type: element, ...target(cx, call) }, value),
  })
  return {
    ...base,
    translate: (cx, call) => {
      missingIndex(call)
      return base.translate(cx, call)
    },
    assign:
      base.assign &&
      ((cx, call, value) => {
        missingIndex(call)
        return base.assign!(cx, call, value)
      }),
  }
}

function checkIndex(call: Call, field: ArrayField, known: bigint | undefined): void {
  if (known === undefined || (known >= 0n && known < BigInt(field.type.length))) return
  throw syntaxError(
    'index-out-of-range',
    call.args[1]!,
    `index ${BigInt.asIntN(64, known)} is outside field \`${toLispName(field.name)}\`, which has ${field.type.length} elements`,
    `${quoted(call.args[1]!)} must be 0 to ${field.type.length - 1}`,
  )
}

/** Accessors of a protocol header: they read and write memory in network order. */
export function headerForms(
  name: string,
  fields: readonly HeaderField[],
  span: Span | undefined,
): Map<Sym, GeneratedForm> {
  return new Map(fields.map((field) => [sym(`${name}-${field.name}`.toUpperCase()), headerForm(name, field, span)]))
}

function headerForm(name: string, field: HeaderField, span: Span | undefined): GeneratedForm {
  const { type } = field
  const bits = field.netOrder && type.bits !== 8 ? type.bits : undefined
  const swap = (call: Call, value: Form): Form => (bits ? bswap(call.stx, bits, value) : value)
  const target = (cx: Cx, call: Call): Target => ({
    type,
    ptr: toForm(cx, call.args[0]!),
    offset: constant(call.stx, field.offset),
  })
  return generated('ptr', `Field ${field.name} of a ${name} header${bits ? ', in host order' : ''}.`, {
    span,
    translate: (cx, call) => swap(call, { kind: 'load', ...target(cx, call), ...at(call.stx) }),
    // The value of the assignment is the one that was given, not the swapped one.
    assign: (cx, call, value) =>
      bits
        ? withValues(call.stx, [value], ([ref]) =>
            seq(call.stx, [storeValue(call.stx, target(cx, call), swap(call, ref!)), ref!]),
          )
        : storeValue(call.stx, target(cx, call), value),
  })
}

/** Adds forms of a declaration; a later declaration of the same name wins only over built-in headers. */
export function addGenerated(module: ModuleState, forms: ReadonlyMap<Sym, GeneratedForm>): void {
  for (const [name, row] of forms) module.generated.set(name, row)
}
