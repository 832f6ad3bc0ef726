/**
 * `(with-spin-lock (counter-lock-ptr c) body...)`: the body while the lock is held. The verifier allows no calls inside,
 * and every way out must pass the unlocking (check_helper_call and check_resource_leak, kernel/bpf/verifier.c, 6.18).
 */
import type { Form, Label } from '../../forms/node.ts'
import { visitForms } from '../../forms/visit.ts'
import { at, seq, withValues } from '../build.ts'
import type { Call, Cx, SpecialForm } from '../context.ts'
import { syntaxError } from '../syntax.ts'
import { toBody, toForm } from '../translate.ts'
import { form } from './shared.ts'

function translateWithLock(cx: Cx, call: Call): Form {
  const origin = call.stx
  const body = toBody(cx, origin, call.args.slice(1))
  checkBody(body)
  return withValues(origin, [toForm(cx, call.args[0]!)], ([lock]) =>
    seq(origin, [
      { kind: 'call', helper: 'spin_lock', args: [lock!], ...at(origin) },
      withValues(origin, [body], ([value]) =>
        seq(origin, [{ kind: 'call', helper: 'spin_unlock', args: [lock!], ...at(origin) }, value!]),
      ),
    ]),
  )
}

function checkBody(body: Form): void {
  const own = new Set<Label>()
  visitForms(body, (each) => {
    if (each.kind === 'block') own.add(each.label)
    const leaves = each.kind === 'return' || (each.kind === 'leave' && !own.has(each.label))
    if (leaves)
      throw syntaxError('pointer-misuse', each, 'this leaves `with-spin-lock` with the lock held', 'leave after it')
    if (isCall(each))
      throw syntaxError(
        'pointer-misuse',
        each,
        'nothing can be called while a spin lock is held',
        'call it before, and keep the result in a variable',
      )
  })
}

function isCall({ kind }: Form): boolean {
  return kind === 'call' || kind === 'kfunc' || kind === 'tailCall' || (kind.startsWith('map') && kind !== 'mapRef')
}

export const LOCK_FORMS: Readonly<Record<string, SpecialForm>> = {
  'WITH-SPIN-LOCK': form(
    'lock-ptr body...',
    'The body while the `bpf-spin-lock` of a map value is held; nothing can be called inside.',
    translateWithLock,
  ),
}
