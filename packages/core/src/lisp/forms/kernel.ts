/**
 * Kernel memory in program bodies: relocatable loads and stores, questions about fields, types and enumerators.
 *
 *   (core-load u32 task task-struct pid)          direct; for pointers that the verifier knows (BTF pointers, ctx)
 *   (kernel-load u32 address 8)                   through probe_read_kernel; for addresses that are numbers
 *   (core-field-exists task-struct --state u32)   1 or 0, decided when the program is loaded
 */
import { findEnum, findField, findStruct, scalarOf } from '../../btf/kernel-types.ts'
import type { Form, FormOf } from '../../forms/node.ts'
import { type ContextName, contextRow } from '../../tables/contexts.ts'
import { toKernelName, toLispName } from '../../tables/names.ts'
import { programTypeRow } from '../../tables/program-types.ts'
import type { CoreEnum, CoreField, CoreStruct, CoreType } from '../../types/core-query.ts'
import { coreSize } from '../../types/core-query.ts'
import { sizeOf } from '../../types/layout.ts'
import type { IntType, PtrSpace } from '../../types/types.ts'
import { scalarName, u32 } from '../../types/types.ts'
import { addOffset, at, constant, constantOf } from '../build.ts'
import type { Call, Cx, SpecialForm } from '../context.ts'
import { isSym } from '../datum.ts'
import { pointee } from '../import-kernel-struct.ts'
import {
  coreConst,
  fieldOffset,
  kernelBtf,
  kernelBtfIfAny,
  kernelField,
  kernelLoad,
  kernelStructNamed,
  pathOf,
  tagged,
} from '../kernel.ts'
import { didYouMean } from '../suggest.ts'
import { counted, quoted, type Stx, symbolOf, syntaxError } from '../syntax.ts'
import { constantInteger, constantSize, toForm } from '../translate.ts'
import { isScalarName, scalarType } from '../types.ts'
import { arg, form } from './shared.ts'

interface Place {
  readonly struct: Stx
  readonly field: Stx
  readonly type: IntType
  readonly offset: Stx | undefined
}

/** The field that a place names: by the kernel's BTF, or at the offset that is given. */
function placeField(cx: Cx, place: Place): CoreField {
  const name = toKernelName(symbolOf(place.struct, 'the name of a kernel struct').name)
  if (!place.offset) {
    const btf = kernelBtf(cx.module, place.struct, `\`${name}\` without an offset`)
    return kernelField(btf, kernelStructNamed(btf, place.struct), place.field)
  }
  const offset = constantSize(cx, place.offset, 'the offset of a field')
  if (offset < 0) throw syntaxError('bad-option', place.offset, `the offset ${offset} is negative`)
  const btf = name === contextStruct(cx) ? undefined : kernelBtfIfAny(cx.module, place.struct)
  const struct = btf && findStruct(btf, name)
  const known = btf && struct && findField(btf, struct, pathOf(place.field))
  if (known && !('problem' in known)) return known
  const [member, ...inner] = pathOf(place.field)
  if (inner.length > 0)
    throw syntaxError(
      'bad-syntax',
      place.field,
      'with an offset the field is one of the struct itself, not of a struct inside',
    )
  const type: CoreType = { kind: 'int', type: place.type }
  return {
    root: { kind: 'struct', name, size: offset + sizeOf(place.type) },
    steps: [{ kind: 'member', name: member!, offset, type }],
  }
}

function contextStruct(cx: Cx): string | undefined {
  const { context } = programTypeRow(cx.program.type)
  return context && contextRow(context as ContextName).struct
}

function checkWidth(place: Place, field: CoreField): CoreType {
  const { type } = field.steps.at(-1)!
  const scalar = scalarOf(type)
  if (!scalar)
    throw syntaxError(
      'bad-type',
      place.field,
      `the field ${quoted(place.field)} is ${type.kind === 'array' ? 'an array' : 'a struct'}, which no single load reads`,
      'name a field inside it (`outer.inner`), or read it with `probe-read-kernel`',
    )
  if (scalar.bits !== place.type.bits)
    throw syntaxError(
      'size-mismatch',
      place.field,
      `the field ${quoted(place.field)} has ${counted(coreSize(type), 'byte')}, ${scalarName(place.type)} has ${sizeOf(place.type)}`,
      `use ${scalarName(scalar)}`,
    )
  return type
}

/** `type ptr [offset] struct field`. */
function translateCoreLoad(cx: Cx, call: Call): Form {
  const [typeStx, , ...rest] = call.args
  const [field, struct, offset] = [...rest].reverse()
  return coreLoad(cx, call, {
    ptr: arg(cx, call, 1),
    place: { struct: struct!, field: field!, type: scalarType(typeStx!), offset },
  })
}

/** `type offset struct field`, or without the offset. */
function translateCoreCtxLoad(cx: Cx, call: Call): Form {
  const [typeStx, ...rest] = call.args
  const [field, struct, offset] = [...rest].reverse()
  const place = { struct: struct!, field: field!, type: scalarType(typeStx!), offset }
  return coreLoad(cx, call, { ptr: { kind: 'ctx', ...at(call.stx) }, place })
}

function coreLoad(cx: Cx, call: Call, { ptr, place }: { ptr: Form; place: Place }): Form {
  const field = placeField(cx, place)
  const type = checkWidth(place, field)
  const offset = fieldOffset(call.stx, field)
  const load: FormOf<'coreLoad'> = {
    kind: 'coreLoad',
    type: place.type,
    ptr,
    offset,
    space:
      ptr.kind === 'ctx' ? contextPointer(cx, offset.value) : type.kind === 'ptr' && type.struct ? 'btf' : undefined,
    ...at(call.stx),
  }
  return tagged(load, pointee(type))
}

/** The verifier hands out pointers for some context fields (data, data_end). */
function contextPointer(cx: Cx, offset: bigint): PtrSpace | undefined {
  const { context } = programTypeRow(cx.program.type)
  if (!context) return undefined
  return contextRow(context as ContextName).fields.find((field) => BigInt(field.offset) === offset)?.pointer
}

/** `type ptr [offset] value struct field`. */
function translateCoreStore(cx: Cx, call: Call): Form {
  const [typeStx, , ...rest] = call.args
  const [fieldStx, struct, value, offset] = [...rest].reverse()
  const place = { struct: struct!, field: fieldStx!, type: scalarType(typeStx!), offset }
  const field = placeField(cx, place)
  checkWidth(place, field)
  return {
    kind: 'coreStore',
    type: place.type,
    ptr: arg(cx, call, 1),
    offset: fieldOffset(call.stx, field),
    value: toForm(cx, value!),
    ...at(call.stx),
  }
}

function translateKernelLoad(cx: Cx, call: Call): Form {
  const offset = call.args[2] ? toForm(cx, call.args[2]) : constant(call.stx, 0)
  const ptr = arg(cx, call, 1)
  return kernelLoad(
    call.stx,
    scalarType(call.args[0]!),
    constantOf(offset) === 0n ? ptr : addOffset(call.stx, ptr, offset),
  )
}

/** A field that may or may not be in the kernel at hand; its type must be said when it is not. */
function fieldInQuestion(cx: Cx, call: Call): CoreField {
  const [structStx, fieldStx, typeStx] = call.args as [Stx, Stx, Stx | undefined]
  const name = toKernelName(symbolOf(structStx, 'the name of a kernel struct').name)
  const btf = kernelBtfIfAny(cx.module, structStx)
  const struct = btf && findStruct(btf, name)
  const known = struct && findField(btf, struct, pathOf(fieldStx))
  if (known && !('problem' in known)) return known
  const path = pathOf(fieldStx)
  if (path.length > 1)
    throw syntaxError(
      'unknown-field',
      fieldStx,
      `the kernel at hand has no ${quoted(fieldStx)} in ${quoted(structStx)}`,
      'ask for one field at a time',
    )
  const type = questionType(typeStx)
  return {
    root: struct?.type ?? { kind: 'struct', name, size: coreSize(type) },
    steps: [{ kind: 'member', name: path[0]!, offset: 0, type }],
  }
}

function questionType(stx: Stx | undefined): CoreType {
  if (!stx) return { kind: 'int', type: u32 }
  if (isSym(stx.datum) && stx.datum.keyword) {
    if (stx.datum.name === 'POINTER') return { kind: 'ptr' }
    if (stx.datum.name === 'STRUCT') return { kind: 'struct', name: '', size: 1 }
  }
  if (isScalarName(stx)) return { kind: 'int', type: scalarType(stx) }
  throw syntaxError('bad-type', stx, `expected a scalar type, :pointer or :struct, got ${quoted(stx)}`)
}

function translateFieldExists(cx: Cx, call: Call): Form {
  return coreConst(call.stx, { kind: 'fieldExists', field: fieldInQuestion(cx, call) }, 1)
}

function fieldQuestion(kind: 'fieldOffset' | 'fieldSize'): SpecialForm['translate'] {
  return (cx, call) => {
    const btf = kernelBtf(cx.module, call.stx, `\`${call.name}\``)
    const field = kernelField(btf, kernelStructNamed(btf, call.args[0]!), call.args[1]!)
    if (kind === 'fieldOffset') return fieldOffset(call.stx, field)
    return coreConst(call.stx, { kind, field }, coreSize(field.steps.at(-1)!.type))
  }
}

function typeQuestion(kind: 'typeExists' | 'typeSize'): SpecialForm['translate'] {
  return (cx, call) => {
    const [stx, kindStx] = call.args as [Stx, Stx | undefined]
    const name = toKernelName(symbolOf(stx, 'the name of a kernel type').name)
    const btf = kernelBtfIfAny(cx.module, stx)
    const known = btf && (findStruct(btf, name)?.type ?? findEnum(btf, name))
    if (known) return coreConst(call.stx, { kind, type: plainType(known) }, kind === 'typeSize' ? known.size : 1)
    if (kind === 'typeSize') kernelStructNamed(kernelBtf(cx.module, stx, `\`${call.name}\``), stx)
    return coreConst(call.stx, { kind, type: namedType(name, kindStx) }, 1)
  }
}

function plainType(type: CoreStruct | CoreEnum): CoreStruct | CoreEnum {
  const { kind, name, size } = type
  return kind === 'enum' ? { kind, name, size, signed: type.signed } : { kind, name, size }
}

function namedType(name: string, kind: Stx | undefined): CoreStruct | CoreEnum {
  const word = kind && isSym(kind.datum) && kind.datum.keyword ? kind.datum.name : kind ? '' : 'STRUCT'
  if (word === 'STRUCT' || word === 'UNION') return { kind: word === 'STRUCT' ? 'struct' : 'union', name, size: 1 }
  if (word === 'ENUM') return { kind: 'enum', name, size: 4, signed: false }
  throw syntaxError('bad-option', kind!, `expected :struct, :union or :enum, got ${quoted(kind!)}`)
}

function enumQuestion(kind: 'enumExists' | 'enumValue'): SpecialForm['translate'] {
  return (cx, call) => {
    const [enumStx, nameStx, valueStx] = call.args as [Stx, Stx, Stx | undefined]
    const enumName = toKernelName(symbolOf(enumStx, 'the name of a kernel enum').name)
    const btf = kernelBtfIfAny(cx.module, enumStx)
    const found = btf && findEnum(btf, enumName)
    // Enumerators are upper case in the kernel, mostly; any case is accepted.
    const wanted = toKernelName(symbolOf(nameStx, 'the name of an enumerator').name)
    const known = [...(found?.values ?? [])].find(([name]) => name.toLowerCase() === wanted)
    if (known && found) {
      const query = {
        kind,
        type: { ...plainType(found), kind: 'enum' as const, signed: found.signed },
        name: known[0],
        value: known[1],
      }
      return coreConst(call.stx, query, kind === 'enumValue' ? BigInt.asUintN(64, known[1]) : 1n)
    }
    if (!valueStx && kind === 'enumValue') {
      kernelBtf(cx.module, call.stx, `\`${call.name}\` without a number`)
      const hint = didYouMean(
        toLispName(wanted),
        [...(found?.values.keys() ?? [])].map((n) => toLispName(n.toLowerCase())),
      )
      throw syntaxError(
        'unknown-field',
        found ? nameStx : enumStx,
        found
          ? `the kernel's enum \`${enumName}\` has no ${quoted(nameStx)}`
          : `the kernel has no enum named ${quoted(enumStx)}`,
        hint ?? 'give the number that it has where it exists as a third operand',
      )
    }
    const value = valueStx ? constantInteger(cx, valueStx, 'the value of an enumerator') : 0n
    const type: CoreEnum = { kind: 'enum', name: enumName, size: 4, signed: false }
    return coreConst(call.stx, { kind, type, name: wanted.toUpperCase(), value }, kind === 'enumValue' ? value : 1n)
  }
}

export const KERNEL_FORMS: Readonly<Record<string, SpecialForm>> = {
  'CORE-LOAD': form(
    'type ptr [offset] struct field',
    'Reads a field of a kernel object through a pointer that the verifier knows; relocated (CO-RE).',
    translateCoreLoad,
  ),
  'CORE-CTX-LOAD': form(
    'type [offset] struct field',
    'Reads a field of the context; relocated (CO-RE).',
    translateCoreCtxLoad,
  ),
  'CORE-STORE': form(
    'type ptr [offset] value struct field',
    'Writes a field where the verifier allows it; relocated (CO-RE).',
    translateCoreStore,
  ),
  'KERNEL-LOAD': form(
    'type ptr [offset]',
    'Reads kernel memory at any address through probe_read_kernel; 0 when it cannot be read.',
    translateKernelLoad,
  ),
  'CORE-FIELD-EXISTS': form(
    'struct field [type]',
    '1 when the kernel has the field, else 0: known when the program is loaded.',
    translateFieldExists,
  ),
  'CORE-FIELD-OFFSET': form(
    'struct field',
    'Bytes from the start of the struct to the field; relocated.',
    fieldQuestion('fieldOffset'),
  ),
  'CORE-FIELD-SIZE': form('struct field', 'Bytes of the field; relocated.', fieldQuestion('fieldSize')),
  'CORE-TYPE-EXISTS': form(
    'type [kind]',
    '1 when the kernel has the struct (:struct, :union, :enum), else 0.',
    typeQuestion('typeExists'),
  ),
  'CORE-TYPE-SIZE': form('type', 'Bytes of a kernel struct; relocated.', typeQuestion('typeSize')),
  'CORE-ENUM-VALUE': form('enum name [value]', 'Value of an enumerator; relocated.', enumQuestion('enumValue')),
  'CORE-ENUM-EXISTS': form('enum name', '1 when the kernel has the enumerator, else 0.', enumQuestion('enumExists')),
}
