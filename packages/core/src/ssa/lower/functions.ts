/** Calls of the module's functions and of the kernel's, and the arguments that a function begins with. */
import type { FunctionDecl } from '../../forms/module.ts'
import type { FormOf } from '../../forms/node.ts'
import { isPointer, localType, typeOf } from '../../typed/typing.ts'
import type { Inst } from '../inst.ts'
import { writeLocal } from './locals.ts'
import type { Lowering } from './lowering.ts'
import { coerce } from './lowering.ts'

/** Arguments are truncated by the caller, as in C, so that the function can rely on their width. */
export function lowerInvoke(cx: Lowering, form: FormOf<'invoke'>): Inst {
  const decl = form.function
  const args = form.args.map((arg, i) => {
    const value = cx.value(arg)
    const type = decl.params[i]?.type
    return type ? coerce(cx, value, typeOf(cx.typing, arg), type) : value
  })
  return cx.b.emit('invoke', { callee: { kind: 'function', decl } }, args, { type: 'int' })
}

export function lowerKfunc(cx: Lowering, form: FormOf<'kfunc'>): Inst {
  const decl = form.kfunc
  const args = form.args.map((arg, i) => {
    const value = cx.value(arg)
    const type = decl.params[i]?.type
    return type?.kind === 'int' ? coerce(cx, value, typeOf(cx.typing, arg), type) : value
  })
  const type = decl.result === undefined ? 'none' : decl.result.kind === 'int' ? 'int' : 'ptr'
  const result = cx.b.emit('invoke', { callee: { kind: 'kfunc', decl } }, args, { type })
  return type === 'none' ? cx.b.constant(0) : result
}

/** Binds the parameters; the context is the builder's own. */
export function bindParameters(cx: Lowering, decl: FunctionDecl): void {
  for (const [index, param] of decl.params.entries()) {
    if (index === decl.contextParam) {
      writeLocal(cx, param, cx.b.ctx, undefined)
      continue
    }
    const type = localType(cx.typing, param)
    const space = isPointer(type) ? type.space : undefined
    const value = cx.b.emit('arg', { index, ...(space && { space }) }, [], { type: space ? 'ptr' : 'int' })
    writeLocal(cx, param, value, undefined)
    const { contextSlot } = decl
    if (contextSlot?.param === index)
      cx.b.ctx = cx.b.emit('load', { bits: 64, offset: contextSlot.offset, space: 'ctx' }, [value])
  }
}
