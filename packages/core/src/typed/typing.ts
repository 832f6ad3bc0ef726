/**
 * What type inference found out about one program: the type of every form and local. Later stages only read it.
 */
import type { Form, Local } from '../forms/node.ts'
import type { IntType, PtrType, ValueType } from '../types/types.ts'
import { SCALARS, scalarName, u64 } from '../types/types.ts'

export interface Typing {
  /** In the order of evaluation. `void`: control does not come back (return, leave). */
  readonly forms: ReadonlyMap<Form, ValueType>
  readonly locals: ReadonlyMap<Local, ValueType>
  /** Locals whose address is taken; they live in stack slots. */
  readonly addressed: ReadonlySet<Local>
}

export function typeOf(typing: Typing, form: Form): ValueType {
  return typing.forms.get(form) ?? u64
}

export function localType(typing: Typing, local: Local): ValueType {
  return typing.locals.get(local) ?? local.type ?? u64
}

export function isPointer(type: ValueType | undefined): type is PtrType {
  return type?.kind === 'ptr'
}

/** The type that a register holds after a load: byte order and display are properties of memory. */
export function registerType(type: IntType): IntType {
  return SCALARS[scalarName(type)]
}
