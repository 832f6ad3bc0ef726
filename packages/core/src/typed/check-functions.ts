/** Calls of the module's own functions: number and kinds of arguments. */
import type { FormOf } from '../forms/node.ts'
import type { CheckContext } from './check-context.ts'
import { shown } from './check-context.ts'

export function checkInvoke(cx: CheckContext, form: FormOf<'invoke'>): void {
  const { name, params } = form.function
  if (form.args.length !== params.length) {
    const count = `${params.length} argument${params.length === 1 ? '' : 's'}`
    const hint = params.length > 0 ? `arguments: ${params.map((param) => param.name).join(' ')}` : undefined
    cx.error(form, 'wrong-argument-count', `${shown(name)} takes ${count}, not ${form.args.length}`, hint)
    return
  }
  for (const [i, param] of params.entries()) {
    const arg = form.args[i]!
    const pointer = cx.pointer(arg)
    if (i === form.function.contextParam && pointer?.space !== 'ctx')
      cx.error(arg, 'pointer-misuse', `argument \`${param.name}\` of ${shown(name)} must be the context: (ctx-ptr)`)
    else if (pointer && param.type)
      cx.error(
        arg,
        'pointer-misuse',
        `argument \`${param.name}\` of ${shown(name)} is a number; this is a pointer`,
        'a parameter without a type takes pointers',
      )
  }
}
