/** What every check gets, and how it reports. */

import type { DiagnosticCode } from '../diag/codes.ts'
import type { Bag } from '../diag/diagnostic.ts'
import type { ProgramDecl } from '../forms/module.ts'
import type { Form } from '../forms/node.ts'
import { trailNotes } from '../forms/trail.ts'
import { toLispName } from '../tables/names.ts'
import type { PtrType, ValueType } from '../types/types.ts'
import type { Typing } from './typing.ts'
import { isPointer, typeOf } from './typing.ts'

export interface CheckContext {
  readonly program: ProgramDecl
  readonly typing: Typing
  error(form: Form, code: DiagnosticCode, message: string, hint?: string): void
  warn(form: Form, code: DiagnosticCode, message: string, hint?: string): void
  type(form: Form): ValueType
  /** The type when it is a pointer. */
  pointer(form: Form): PtrType | undefined
}

export function checkContext(program: ProgramDecl, typing: Typing, bag: Bag): CheckContext {
  const extras = (form: Form, hint: string | undefined) => ({ hint, notes: trailNotes(form.trail) })
  return {
    program,
    typing,
    error: (form, code, message, hint) => bag.error(code, form.span, message, extras(form, hint)),
    warn: (form, code, message, hint) => bag.warn(code, form.span, message, extras(form, hint)),
    type: (form) => typeOf(typing, form),
    pointer: (form) => {
      const type = typeOf(typing, form)
      return isPointer(type) ? type : undefined
    },
  }
}

/** A helper or map name as the user wrote it. */
export const shown = (kernelName: string): string => `\`${toLispName(kernelName)}\``

/** Constant value as a number, when the form is one and it fits. */
export function constantOf(form: Form): bigint | undefined {
  return form.kind === 'const' ? form.value : undefined
}

export const bytes = (n: number | bigint): string => `${n} byte${n === 1 || n === 1n ? '' : 's'}`
