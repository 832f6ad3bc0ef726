/**
 * What an expression of a kernel function is while it is lowered. Numbers that are known stay `const` (exact, maybe without
 * a type: a literal adapts to its surroundings); numbers of the running program are forms in a 64-bit register, always
 * zero- or sign-extended from their width. Everything in memory is a `ref`, which is read when a field is asked for.
 */
import type { Captured } from '../dsl/capture.ts'
import type { MapDef } from '../dsl/map-def.ts'
import type { KernelStructDef } from '../dsl/schema.ts'
import type { Form, Local } from '../forms/node.ts'
import type { CoreStep, CoreStruct } from '../types/core-query.ts'
import type { IntType, PtrSpace, Type } from '../types/types.ts'
import type { FunctionNode } from './ast.ts'
import type { Frame, Scope } from './context.ts'

export interface ConstValue {
  readonly kind: 'const'
  readonly value: bigint
  /** Absent for literals. */
  readonly type: IntType | undefined
}

export interface IntValue {
  readonly kind: 'int'
  readonly form: Form
  /** Without byte order or display. */
  readonly type: IntType
  /** No larger than this, when that is known and says more than the type (unsigned values only). */
  readonly max?: bigint
}

/** A truth value: the form is 0 or 1. */
export interface BoolValue {
  readonly kind: 'bool'
  readonly form: Form
}

/** The test that tells whether a reference is there; `key` names it in the set of what is known on a path. */
export interface Nullness {
  readonly key: object
  readonly test: Form
}

export interface RefValue {
  readonly kind: 'ref'
  readonly type: Type
  /** Evaluating it twice has no effect: a local or a plain address. */
  readonly ptr: Form
  readonly offset: number
  readonly space: PtrSpace
  /** Absent: never null. */
  readonly nullness: Nullness | undefined
  /** A record of a ring buffer: has submit and discard. */
  readonly record?: boolean
  /** A map out of a map of maps: what it looks like. */
  readonly map?: MapDef
  /** `rodata`. */
  readonly readonly?: boolean
  /** The pointer is a variable that may be assigned: a constant bound to it takes a copy. */
  readonly variable?: boolean
  /** A view of the packet: its pointer is never 0, and its test is the comparison with the end of the packet. */
  readonly bounds?: boolean
  /** Views of the packet: the time in which they are valid. */
  readonly epoch?: object
}

/** A struct in kernel memory, behind a pointer that is a local; its fields are read when they are asked for. */
export interface KernelValue {
  readonly kind: 'kernel'
  readonly def: KernelStructDef
  readonly ptr: Form
  /** The struct that `ptr` points to, and the way from there to this one. */
  readonly root: CoreStruct
  readonly steps: readonly CoreStep[]
  /** The verifier knows what the pointer is (BTF): loads need no helper. */
  readonly direct: boolean
}

/** A compile-time value of user space: array, object, string, boolean, schema, map ... */
export interface DataValue {
  readonly kind: 'data'
  readonly data: Captured
}

/** Literals in the function itself, whose parts may be known at run time only. */
export interface ListValue {
  readonly kind: 'list'
  readonly items: readonly Value[]
}
export interface ObjectValue {
  readonly kind: 'object'
  readonly entries: ReadonlyMap<string, Value>
}

/** A function that was written inside the kernel function. */
export interface ClosureValue {
  readonly kind: 'closure'
  readonly node: FunctionNode
  readonly scope: Scope
  readonly frame: Frame
  readonly name: string
}

export type Value =
  | ConstValue
  | IntValue
  | BoolValue
  | RefValue
  | KernelValue
  | DataValue
  | ListValue
  | ObjectValue
  | ClosureValue
  | { readonly kind: 'ctx' }
  | { readonly kind: 'null' }
  /** Of a call that gives nothing. */
  | { readonly kind: 'void' }

/** What a name stands for. */
export type Slot =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'int'; readonly local: Local; readonly type: IntType }
  | { readonly kind: 'bool'; readonly local: Local }
  /** A reassignable reference; its nullness is the variable's own. */
  | { readonly kind: 'ref'; readonly local: Local; readonly value: RefValue }
  | { readonly kind: 'kernel'; readonly local: Local; readonly value: KernelValue }
  /** Its declaration has an error; uses are not reported again. */
  | { readonly kind: 'broken' }

export const VOID_VALUE: Value = { kind: 'void' }
export const NULL_VALUE: Value = { kind: 'null' }

export const constValue = (value: bigint | number, type?: IntType): ConstValue => ({
  kind: 'const',
  value: BigInt(value),
  type,
})
export const intValue = (form: Form, type: IntType): IntValue => ({ kind: 'int', form, type })
export const boolValue = (form: Form): BoolValue => ({ kind: 'bool', form })
export const dataValue = (data: Captured): DataValue => ({ kind: 'data', data })
