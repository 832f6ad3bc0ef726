/** Helper calls, tail calls and raw instructions. */
import type { FormOf } from '../../forms/node.ts'
import type { HelperName } from '../../tables/helpers/index.ts'
import { helperRow } from '../../tables/helpers/index.ts'
import type { HelperRow } from '../../tables/helpers/row.ts'
import type { Inst, SsaType } from '../inst.ts'
import type { Lowering } from './lowering.ts'

export function emitCall(cx: Lowering, helper: HelperName, args: readonly Inst[]): Inst {
  return cx.b.emit('call', { helper }, args, { type: resultType(helperRow(helper)) })
}

function resultType(row: HelperRow): SsaType {
  switch (row.ret.kind) {
    case 'int':
      return 'int'
    case 'void':
      return 'none'
    default:
      return 'ptr'
  }
}

export function lowerCall(cx: Lowering, form: FormOf<'call'>): Inst {
  const args = form.args.map((arg) => cx.value(arg))
  const result = emitCall(cx, form.helper, args)
  return result.type === 'none' ? cx.b.constant(0) : result
}

/** Returns only when the slot is empty; the helper's result is then of no use. */
export function lowerTailCall(cx: Lowering, form: FormOf<'tailCall'>): Inst {
  const index = cx.value(form.index)
  emitCall(cx, 'tail_call', [cx.b.ctx, cx.b.emit('mapRef', { map: form.map }), index])
  return cx.b.constant(0)
}

export function lowerAsm(cx: Lowering, form: FormOf<'asm'>): Inst {
  const { opcode, dst, src, off, imm } = form
  return cx.b.emit('asm', { opcode, dst, src, off, imm })
}
