/** Short constructors of core forms, maps and programs for tests that start after the front ends. */
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import type { MapDecl, Module, ProgramDecl } from '../../packages/core/src/forms/module.ts'
import type { Form, FormKind, FormOf, Local, MapOperand } from '../../packages/core/src/forms/node.ts'
import type { HelperName } from '../../packages/core/src/tables/helpers/index.ts'
import type { BinaryOpName, Pred } from '../../packages/core/src/tables/ir-ops.ts'
import type { IntType } from '../../packages/core/src/types/types.ts'
import { SCALARS } from '../../packages/core/src/types/types.ts'

const file = sourceFile('test.bpf.lisp', '(test)')
const span = { file, start: 0, end: 6 }

/** A form of any kind: `form('memset', { ptr, offset: 0, byte, size: 8 })`. */
export function form<K extends FormKind>(kind: K, parts: Omit<FormOf<K>, 'kind' | 'span'>): Form {
  return { kind, span, ...parts } as unknown as Form
}

export const num = (value: bigint | number, type?: IntType): Form =>
  form('const', { value: BigInt.asUintN(64, BigInt(value)), ...(type ? { type } : {}) })

export const local = (name: string, type?: IntType): Local => ({ name, type, span })
export const get = (variable: Local): Form => form('local', { local: variable })
export const set = (variable: Local, value: Form): Form => form('set', { local: variable, value })
export const seq = (...forms: Form[]): Form => form('seq', { forms })
export const let_ = (variable: Local, init: Form | undefined, ...body: Form[]): Form =>
  form('let', { bindings: [{ local: variable, init }], body: seq(...body) })
export const if_ = (test: Form, then: Form, otherwise?: Form): Form => form('if', { test, then, else: otherwise })
export const and = (...forms: Form[]): Form => form('and', { forms })
export const or = (...forms: Form[]): Form => form('or', { forms })
export const not = (value: Form): Form => form('not', { value })
export const ret = (value?: Form): Form => form('return', { value })
export const bin = (op: BinaryOpName, left: Form, right: Form): Form => form('binary', { op, left, right })
export const cmp = (pred: Pred, left: Form, right: Form): Form => form('compare', { pred, left, right })
export const cast = (type: IntType, value: Form): Form => form('cast', { type, value })
export const load = (type: IntType, ptr: Form, offset = 0): Form => form('load', { type, ptr, offset: num(offset) })
export const store = (type: IntType, ptr: Form, offset: number, value: Form): Form =>
  form('store', { type, ptr, offset: num(offset), value })
export const ctxLoad = (type: IntType, offset: number): Form => form('ctxLoad', { type, offset })
export const alloc = (size: number, zeroed = true, align = 8): Form =>
  form('alloc', { name: 'buffer', size, align, zeroed })
export const call = (helper: HelperName, ...args: Form[]): Form => form('call', { helper, args })
export const scalar = (value: Form): MapOperand => ({ kind: 'scalar', value })
export const pointer = (ptr: Form): MapOperand => ({ kind: 'pointer', ptr })

const SIZES: Readonly<Record<number, IntType>> = { 1: SCALARS.u8, 2: SCALARS.u16, 4: SCALARS.u32, 8: SCALARS.u64 }

export function mapDecl(name: string, type: MapDecl['type'], parts: Partial<MapDecl> = {}): MapDecl {
  const keySize = parts.keySize ?? 4
  const valueSize = parts.valueSize ?? 8
  return {
    name,
    type,
    keySize,
    valueSize,
    keyType: SIZES[keySize],
    valueType: SIZES[valueSize],
    maxEntries: 16,
    flags: 0,
    span,
    ...parts,
  }
}

export function program(body: Form, parts: Partial<ProgramDecl> = {}): ProgramDecl {
  return { name: 'p', type: 'xdp', section: 'xdp', attachType: 'XDP', license: 'GPL', body, span, ...parts }
}

export function moduleOf(programs: readonly ProgramDecl[], maps: readonly MapDecl[] = []): Module {
  return { file, files: [file], license: 'GPL', structs: [], constants: [], maps, programs }
}
