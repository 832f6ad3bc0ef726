/**
 * What a kernel's BTF says about a struct, in the terms of CO-RE questions: fields by name with anonymous structs
 * flattened, ways through nested structs, enumerators, parameters of functions.
 */
import type { CoreEnum, CoreField, CoreStep, CoreStruct, CoreType } from '../types/core-query.ts'
import { coreSize } from '../types/core-query.ts'
import type { IntType } from '../types/types.ts'
import type { Btf } from './reader.ts'
import type { BtfParam, BtfType, BtfTypeId } from './types.ts'
import { BTF_INT } from './types.ts'

export interface KernelField {
  readonly name: string
  /** Bytes from the start of the struct that was asked for. */
  readonly offset: number
  /** Absent: a bitfield, or a type that programs cannot hold. */
  readonly type: CoreType | undefined
  readonly typeId: BtfTypeId
}

const opened = new WeakMap<Uint8Array, Btf>()

/** Opens a kernel's BTF once, however many compilations use it. */
export function openKernelBtf(bytes: Uint8Array, open: (bytes: Uint8Array) => Btf): Btf {
  const known = opened.get(bytes) ?? open(bytes)
  opened.set(bytes, known)
  return known
}

/** The struct or union of a name; `name_t` may be a typedef of one. */
export function findStruct(btf: Btf, name: string): { readonly id: BtfTypeId; readonly type: CoreStruct } | undefined {
  for (const kind of ['struct', 'union'] as const) {
    const id = btf.findId(kind, name)
    if (id !== undefined) return { id, type: { kind, name, size: btf.sizeOf(id) } }
  }
  return undefined
}

export function findEnum(
  btf: Btf,
  name: string,
): (CoreEnum & { readonly values: ReadonlyMap<string, bigint> }) | undefined {
  const type = btf.find('enum', name) ?? btf.find('enum64', name)
  if (!type) return undefined
  const values = new Map(type.values.map((value) => [value.name, value.value]))
  return { kind: 'enum', name, size: type.size, signed: type.signed, values }
}

const fieldsByBtf = new WeakMap<Btf, Map<BtfTypeId, readonly KernelField[]>>()

/** All named fields, those of anonymous structs and unions included. */
export function fieldsOf(btf: Btf, id: BtfTypeId): readonly KernelField[] {
  const known = fieldsByBtf.get(btf) ?? new Map<BtfTypeId, readonly KernelField[]>()
  fieldsByBtf.set(btf, known)
  let fields = known.get(id)
  if (!fields) {
    fields = listFields(btf, id, 0, 0)
    known.set(id, fields)
  }
  return fields
}

const MAX_DEPTH = 32

function listFields(btf: Btf, id: BtfTypeId, base: number, depth: number): KernelField[] {
  const type = btf.resolve(id)
  if ((type.kind !== 'struct' && type.kind !== 'union') || depth > MAX_DEPTH) return []
  return type.members.flatMap((member) => {
    const offset = base + Math.floor(member.bitOffset / 8)
    if (member.name === '') return listFields(btf, member.type, offset, depth + 1)
    const usable = member.bitSize === 0 && member.bitOffset % 8 === 0
    return [{ name: member.name, offset, typeId: member.type, type: usable ? coreTypeOf(btf, member.type) : undefined }]
  })
}

/** Undefined: a type that programs cannot hold (a float, a 128-bit integer). */
export function coreTypeOf(btf: Btf, id: BtfTypeId, depth = 0): CoreType | undefined {
  if (depth > MAX_DEPTH) return undefined
  const resolved = btf.resolveId(id)
  const type = btf.type(resolved)
  switch (type.kind) {
    case 'int': {
      const int = intType(type)
      return int && { kind: 'int', type: int }
    }
    case 'ptr':
      return { kind: 'ptr', struct: pointedStruct(btf, type.type) }
    case 'array': {
      const element = coreTypeOf(btf, type.type, depth + 1)
      return element && { kind: 'array', element, length: type.length }
    }
    case 'struct':
    case 'union':
      return { kind: type.kind, name: type.name, size: type.size }
    case 'enum':
    case 'enum64':
      return { kind: 'enum', name: type.name, size: type.size, signed: type.signed }
    default:
      return undefined
  }
}

function intType(type: BtfType & { kind: 'int' }): IntType | undefined {
  const bits = type.size * 8
  if (bits !== 8 && bits !== 16 && bits !== 32 && bits !== 64) return undefined
  const bool = (type.encoding & BTF_INT.bool) !== 0
  return { kind: 'int', bits, signed: (type.encoding & BTF_INT.signed) !== 0, ...(bool && { display: 'bool' }) }
}

function pointedStruct(btf: Btf, id: BtfTypeId): CoreStruct | undefined {
  const type = btf.resolve(id)
  if ((type.kind === 'struct' || type.kind === 'union') && type.name !== '')
    return { kind: type.kind, name: type.name, size: type.size }
  // Where only a declaration was seen, the definition may be elsewhere in the same BTF.
  return type.kind === 'fwd' ? findStruct(btf, type.name)?.type : undefined
}

/** Why there is no field at the end of a way. */
export interface NoField {
  readonly problem: 'unknown' | 'unsupported'
  /** The part of the way, and the struct that was looked into. */
  readonly part: string
  readonly inside: string
  readonly known: readonly string[]
}

/** Follows `se.vruntime`; parts in the kernel's spelling, letters in any case. */
export function findField(
  btf: Btf,
  struct: { readonly id: BtfTypeId; readonly type: CoreStruct },
  path: readonly string[],
): CoreField | NoField {
  const steps: CoreStep[] = []
  let id = struct.id
  let inside = struct.type.name
  for (const part of path) {
    const fields = fieldsOf(btf, id)
    const field = fields.find((f) => f.name === part) ?? fields.find((f) => f.name.toLowerCase() === part)
    const known = fields.map((f) => f.name)
    if (!field) return { problem: 'unknown', part, inside, known }
    if (!field.type) return { problem: 'unsupported', part, inside, known }
    steps.push({ kind: 'member', name: field.name, offset: field.offset, type: field.type })
    id = btf.resolveId(field.typeId)
    inside = `${inside}.${field.name}`
  }
  return { root: struct.type, steps }
}

/** The scalar that a field's memory holds; undefined for structs and arrays. */
export function scalarOf(type: CoreType): IntType | undefined {
  switch (type.kind) {
    case 'int':
      return type.type
    case 'ptr':
      return { kind: 'int', bits: 64, signed: false }
    case 'enum': {
      const bits = coreSize(type) * 8
      return bits === 8 || bits === 16 || bits === 32 || bits === 64
        ? { kind: 'int', bits, signed: type.signed }
        : undefined
    }
    default:
      return undefined
  }
}

export interface KernelParam {
  readonly name: string
  readonly type: CoreType | undefined
}

export interface KernelFunction {
  readonly params: readonly KernelParam[]
  /** Absent: void. */
  readonly result: CoreType | undefined
}

export function findFunction(btf: Btf, name: string): KernelFunction | undefined {
  const fn = btf.find('func', name)
  const type = fn && btf.resolve(fn.type)
  return type?.kind === 'funcProto' ? describe(btf, type, type.params) : undefined
}

/**
 * What a tracepoint hands to its probes. `typedef void (*btf_trace_X)(void *, ...)`, which the verifier takes the types
 * from, has no names; the function that calls the probes has (include/linux/tracepoint.h, 6.18). The first parameter is
 * what a probe was registered with, which programs do not see.
 */
export function findTracepoint(btf: Btf, name: string): KernelFunction | undefined {
  const typedef = btf.find('typedef', `btf_trace_${name}`)
  const pointer = typedef && btf.resolve(typedef.type)
  const type = pointer?.kind === 'ptr' ? btf.resolve(pointer.type) : undefined
  if (type?.kind !== 'funcProto') return undefined
  const caller = btf.find('func', `__traceiter_${name}`)
  const names = caller && btf.resolve(caller.type)
  const named = names?.kind === 'funcProto' && names.params.length === type.params.length ? names.params : type.params
  return describe(btf, type, named.slice(1))
}

function describe(btf: Btf, type: BtfType & { kind: 'funcProto' }, params: readonly BtfParam[]): KernelFunction {
  const param = ({ name, type }: BtfParam): KernelParam => ({ name, type: coreTypeOf(btf, type) })
  return { params: params.map(param), result: type.returnType === 0 ? undefined : coreTypeOf(btf, type.returnType) }
}
