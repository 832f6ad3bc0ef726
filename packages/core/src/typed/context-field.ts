/** The context field that an access by name or by number means. */
import type { FormOf } from '../forms/node.ts'
import type { ContextField, ContextRow } from '../tables/contexts.ts'
import { CONTEXTS } from '../tables/contexts.ts'
import type { ProgramTypeName, ProgramTypeRow } from '../tables/program-types.ts'
import { PROGRAM_TYPES } from '../tables/program-types.ts'

export function contextOf(type: ProgramTypeName): ContextRow | undefined {
  const row: ProgramTypeRow = PROGRAM_TYPES[type]
  return row.context && CONTEXTS[row.context]
}

/**
 * `(ctx data)` carries its field; the untyped `(ctx u32 0)` is looked up by offset, because the verifier hands out a
 * packet pointer for it all the same.
 */
export function contextFieldOf(type: ProgramTypeName, form: FormOf<'ctxLoad' | 'ctxStore'>): ContextField | undefined {
  if (form.field) return form.field
  return contextOf(type)?.fields.find((field) => {
    const end = field.offset + ((field.length ?? 1) * field.type.bits) / 8
    return form.offset >= field.offset && form.offset + form.type.bits / 8 <= end
  })
}
