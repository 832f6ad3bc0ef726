/** Arithmetic, comparison and casts. All of it is 64-bit; narrowing is the optimizer's affair. */
import type { FormOf } from '../../forms/node.ts'
import { registerType, typeOf } from '../../typed/typing.ts'
import type { Inst } from '../inst.ts'
import type { Lowering } from './lowering.ts'
import { coerce } from './lowering.ts'

export function lowerBinary(cx: Lowering, form: FormOf<'binary'>): Inst {
  const left = cx.value(form.left)
  const right = cx.value(form.right)
  // The op's row decides whether the result is a pointer: only for add and sub of one pointer and a number.
  return cx.b.emit(form.op, { width: 64 }, [left, right])
}

export function lowerNegate(cx: Lowering, form: FormOf<'negate'>): Inst {
  const value = cx.value(form.value)
  return cx.b.emit('neg', { width: 64 }, [value])
}

export function lowerCompare(cx: Lowering, form: FormOf<'compare'>): Inst {
  const left = cx.value(form.left)
  const right = cx.value(form.right)
  return cx.b.emit('cmp', { pred: form.pred, width: 64 }, [left, right])
}

export function lowerNot(cx: Lowering, form: FormOf<'not'>): Inst {
  const value = cx.value(form.value)
  return cx.b.emit('cmp', { pred: 'eq', width: 64 }, [value, cx.b.constant(0)])
}

export function lowerCast(cx: Lowering, form: FormOf<'cast'>): Inst {
  const value = cx.value(form.value)
  const { bits, signed } = registerType(form.type)
  // The low part of an address is a number; the kernel lets privileged programs compute it.
  if (value.type === 'ptr' && bits < 64) {
    const narrow = bits as 8 | 16 | 32
    return signed ? cx.b.emit('sext', { bits: narrow }, [value]) : cx.b.emit('zext', { bits: narrow }, [value])
  }
  return coerce(cx, value, typeOf(cx.typing, form.value), form.type)
}

export function lowerBswap(cx: Lowering, form: FormOf<'bswap'>): Inst {
  const value = cx.value(form.value)
  return cx.b.emit('bswap', { bits: form.bits }, [value])
}
