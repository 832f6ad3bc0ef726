/** Context fields. */
import type { FormOf } from '../../forms/node.ts'
import { isPointer, typeOf } from '../../typed/typing.ts'
import type { Inst } from '../inst.ts'
import type { Lowering } from './lowering.ts'
import { emitLoad, emitStore } from './memory.ts'

export function lowerCtxLoad(cx: Lowering, form: FormOf<'ctxLoad'>): Inst {
  const { offset, type } = form
  const result = typeOf(cx.typing, form)
  // data, data_end: the memory is 32 bits wide, the verifier puts a 64-bit pointer into the register.
  if (isPointer(result)) return cx.b.emit('load', { bits: type.bits, offset, space: result.space }, [cx.b.ctx])
  return emitLoad(cx, type, cx.b.ctx, offset)
}

export function lowerCtxStore(cx: Lowering, form: FormOf<'ctxStore'>): Inst {
  const value = cx.value(form.value)
  emitStore(cx, form.type, { base: cx.b.ctx, offset: form.offset }, value)
  return value
}
