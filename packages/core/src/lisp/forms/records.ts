/** Which struct the records of a ring buffer are: known when every reserve and output on it says `(sizeof S)` of one S. */
import type { HelperName } from '../../tables/helpers/index.ts'
import { toKernelName } from '../../tables/names.ts'
import type { Call, Cx } from '../context.ts'
import { isSym, sym } from '../datum.ts'
import { elementsOf, headOf, type Stx } from '../syntax.ts'

const SIZEOF = sym('SIZEOF')
/** Index of the size argument. */
const SIZE_ARGUMENT: Partial<Record<HelperName, number>> = { ringbuf_reserve: 1, ringbuf_output: 2 }

export function noteRecord(cx: Cx, helper: HelperName, call: Call): void {
  const index = SIZE_ARGUMENT[helper]
  const map = call.args[0]?.datum
  if (index === undefined || map === undefined || !isSym(map)) return
  const name = toKernelName(map.name)
  const type = structOfSize(cx, call.args[index]!)
  const known = cx.module.records.get(name)
  if (known === undefined) cx.module.records.set(name, type ?? 'mixed')
  else if (known !== type) cx.module.records.set(name, 'mixed')
}

function structOfSize(cx: Cx, stx: Stx): ReturnType<Cx['module']['records']['get']> {
  if (headOf(stx) !== SIZEOF) return undefined
  const name = elementsOf(stx)?.[1]?.datum
  return name !== undefined && isSym(name) ? cx.module.structs.get(toKernelName(name.name))?.type : undefined
}
