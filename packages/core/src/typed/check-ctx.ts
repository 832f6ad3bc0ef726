/** Accesses to context fields: which program type may read and write what. */
import type { FormOf } from '../forms/node.ts'
import { mayReadField, mayWriteField } from '../tables/contexts.ts'
import type { CheckContext } from './check-context.ts'
import { shown } from './check-context.ts'
import { contextFieldOf, contextOf } from './context-field.ts'

export function checkCtxLoad(cx: CheckContext, form: FormOf<'ctxLoad'>): void {
  const { type, attachType } = cx.program
  const field = contextFieldOf(type, form)
  if (!field || mayReadField(field, { type, attachType })) return
  const where = attachType ? ` attached as ${attachType}` : ''
  cx.error(form, 'unknown-field', `${shown(field.name)} cannot be read in ${shown(type)} programs${where}`)
}

export function checkCtxStore(cx: CheckContext, form: FormOf<'ctxStore'>): void {
  const { type, attachType } = cx.program
  const context = contextOf(type)
  const field = contextFieldOf(type, form)
  if (!field) {
    const what = context ? `struct ${context.struct} has no field at offset ${form.offset}` : 'the context is read-only'
    cx.error(form, 'read-only-field', `${what}; nothing can be written there`)
    return
  }
  if (mayWriteField(field, { type, attachType })) return
  const writable = context?.fields.filter((f) => mayWriteField(f, { type, attachType })).map((f) => shown(f.name))
  cx.error(
    form,
    'read-only-field',
    `${shown(field.name)} is read-only in ${shown(type)} programs${attachType ? ` attached as ${attachType}` : ''}`,
    writable?.length ? `these can be written: ${writable.join(', ')}` : 'no field of this context can be written',
  )
}
