/**
 * Functions that helpers call back. What a helper passes is not to be seen in the program, so it is said here
 * (`set_*_callback_state` in kernel/bpf/verifier.c, 6.18).
 */
import type { Form } from '../../forms/node.ts'
import type { HelperName } from '../../tables/helpers/index.ts'
import { toKernelName, toLispName } from '../../tables/names.ts'
import { type PtrType, ptrTo } from '../../types/types.ts'
import { at } from '../build.ts'
import type { Cx } from '../context.ts'
import { isSym } from '../datum.ts'
import { translateFunction } from '../define-subprog.ts'
import { didYouMean } from '../suggest.ts'
import { quoted, type Stx, syntaxError } from '../syntax.ts'

export interface CallbackUse {
  readonly helper: HelperName
  /** First argument of the helper: the map, where there is one. */
  readonly mapStx: Stx | undefined
}

/** The address of the function that a name means. */
export function callbackNamed(cx: Cx, stx: Stx, use: CallbackUse): Form {
  const name = isSym(stx.datum) ? toKernelName(stx.datum.name) : ''
  const pending = cx.module.functions.get(name)
  if (!pending)
    throw syntaxError(
      'unknown-form',
      stx,
      `${quoted(stx)} is no function that can be called back`,
      didYouMean(toLispName(name), [...cx.module.functions.keys()].map(toLispName)) ?? 'define it with `defsubprog`',
    )
  const given = passedPointers(cx, use)
  if (given) pending.decl.pointerParams = new Map([...(pending.decl.pointerParams ?? []), ...given])
  translateFunction(cx, pending)
  return { kind: 'functionRef', function: pending.decl, ...at(stx) }
}

function passedPointers(cx: Cx, { helper, mapStx }: CallbackUse): ReadonlyMap<number, PtrType> | undefined {
  const map = mapStx && isSym(mapStx.datum) ? cx.module.maps.get(toKernelName(mapStx.datum.name)) : undefined
  const key = ptrTo('mapValue', { pointee: map?.keyType })
  const value = ptrTo('mapValue', { pointee: map?.valueType })
  switch (helper) {
    case 'loop':
      return new Map([[1, ptrTo('stack')]])
    case 'for_each_map_elem':
      return new Map([
        [0, ptrTo('map')],
        [1, key],
        [2, value],
        [3, ptrTo('stack')],
      ])
    case 'timer_set_callback':
      return new Map([
        [0, ptrTo('map')],
        [1, key],
        [2, value],
      ])
    case 'user_ringbuf_drain':
      return new Map([
        [0, ptrTo('btf')],
        [1, ptrTo('stack')],
      ])
    case 'find_vma':
      return new Map([
        [0, ptrTo('btf')],
        [1, ptrTo('btf')],
        [2, ptrTo('stack')],
      ])
    default:
      return undefined
  }
}
