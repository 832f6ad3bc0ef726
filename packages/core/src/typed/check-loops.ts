/** Loops that nothing leaves: the verifier follows them until it has seen one state twice, and refuses the program. */
import type { Form, FormOf, Label } from '../forms/node.ts'
import { visitForms } from '../forms/visit.ts'
import type { CheckContext } from './check-context.ts'
import { constantOf } from './check-context.ts'

export function checkWhile(cx: CheckContext, form: FormOf<'while'>): void {
  const test = constantOf(form.test)
  if (test === undefined || test === 0n || isLeft(form.body)) return
  cx.error(
    form,
    'endless-loop',
    'nothing ends this loop; the kernel refuses the program',
    'bound it by a counter, or leave it with a break or return',
  )
}

function isLeft(body: Form): boolean {
  const own = new Set<Label>()
  let left = false
  visitForms(body, (each) => {
    if (each.kind === 'block') own.add(each.label)
    // A raw instruction may be an exit.
    if (each.kind === 'return' || each.kind === 'asm' || (each.kind === 'leave' && !own.has(each.label))) left = true
  })
  return left
}
