/** Map operations against the declaration of the map: kind, key and value sizes, constants that do not fit. */
import type { MapDecl } from '../forms/module.ts'
import type { Form, FormOf, MapOperand } from '../forms/node.ts'
import { sizeOf } from '../types/layout.ts'
import { bitsOfSize } from '../types/types.ts'
import type { CheckContext } from './check-context.ts'
import { bytes, constantOf, shown } from './check-context.ts'
import { checkAccess } from './check-memory.ts'
import { mapRow } from './map-facts.ts'

export type MapForm = FormOf<'mapLookup' | 'mapGet' | 'mapUpdate' | 'mapDelete' | 'mapAdd'>

export function checkMapForm(cx: CheckContext, form: MapForm): void {
  const { map } = form
  if (!checkKind(cx, form)) return
  checkOperand(cx, form.key, { map, what: 'key', size: map.keySize })
  if (form.kind === 'mapUpdate') checkOperand(cx, form.value, { map, what: 'value', size: map.valueSize })
  if (form.kind === 'mapAdd') checkCounter(cx, form)
}

function checkKind(cx: CheckContext, form: MapForm): boolean {
  const { map } = form
  const row = mapRow(map)
  const name = `${shown(map.name)} is a ${shown(map.type)} map`
  if (row.program === 'none' || row.program === 'helper') {
    const hint = HINTS[map.type]
    cx.error(form, 'wrong-map-kind', `${name}; its elements cannot be looked up or stored by key`, hint)
    return false
  }
  if (row.program === 'lookup' && form.kind !== 'mapLookup' && form.kind !== 'mapGet') {
    cx.error(form, 'wrong-map-kind', `${name}; programs can only look elements up, user space fills it`)
    return false
  }
  if (form.kind === 'mapDelete' && !row.sparse) {
    // array_map_delete_elem (kernel/bpf/arraymap.c, 6.18) always returns -EINVAL.
    cx.error(form, 'wrong-map-kind', `${name}; elements of arrays cannot be deleted`, 'store 0 instead')
    return false
  }
  return true
}

/** What to use instead, for kinds that have their own forms. */
const HINTS: Readonly<Partial<Record<string, string>>> = {
  ringbuf: 'use with-ringbuf, ringbuf-reserve or ringbuf-output',
  prog_array: 'use (tail-call map index)',
  perf_event_array: 'use perf-event-output',
  devmap: 'use redirect-map',
}

interface OperandRole {
  readonly map: MapDecl
  readonly what: 'key' | 'value'
  readonly size: number
}

function checkOperand(cx: CheckContext, operand: MapOperand, role: OperandRole): void {
  const { map, what, size } = role
  if (operand.kind === 'pointer') {
    checkPointerOperand(cx, operand.ptr, role)
    return
  }
  const form = operand.value
  const bits = bitsOfSize(size)
  const sizes = `map ${shown(map.name)} has ${size}-byte ${what}s`
  if (!bits) {
    cx.error(form, 'size-mismatch', `${sizes}; expected a pointer to ${bytes(size)}, not a number`)
    return
  }
  const pointer = cx.pointer(form)
  if (pointer && (pointer.space === 'stack' || size < 8)) {
    cx.error(
      form,
      'pointer-misuse',
      `${sizes}; this is a pointer, and the pointer itself would be stored`,
      `load the ${what} from it, or use the -ptr form of the operation`,
    )
    return
  }
  const constant = constantOf(form)
  if (constant === undefined) return
  const signed = BigInt.asIntN(64, constant)
  if (constant >> BigInt(bits) !== 0n && (signed >= 0n || signed < -(1n << BigInt(bits - 1)))) {
    cx.error(form, 'size-mismatch', `${sizes}; ${constant} does not fit`)
  }
}

function checkPointerOperand(cx: CheckContext, form: Form, { map, what, size }: OperandRole): void {
  checkAccess(cx, form, { access: 'read', offset: undefined, size })
  const pointee = cx.pointer(form)?.pointee
  if (!pointee || sizeOf(pointee) >= size) return
  const name = pointee.kind === 'struct' ? `struct ${shown(pointee.name)}` : 'this'
  cx.error(
    form,
    'size-mismatch',
    `map ${shown(map.name)} has ${size}-byte ${what}s; ${name} is ${bytes(sizeOf(pointee))} long`,
  )
}

function checkCounter(cx: CheckContext, form: FormOf<'mapAdd'>): void {
  const { map } = form
  if (map.valueSize === 4 || map.valueSize === 8) {
    if (!map.valueType || map.valueType.kind === 'int') return
  }
  const small = map.valueSize === 1 || map.valueSize === 2
  cx.error(
    form,
    'size-mismatch',
    `map ${shown(map.name)} has ${size(map)}; only values of 4 or 8 bytes can be added to`,
    small
      ? 'make the values u32 or u64, or, if losing counts is fine, use (setf (getmap m k) (+ (getmap m k) 1))'
      : 'look the value up and use atomic-add on its field',
  )
}

const size = (map: MapDecl): string =>
  map.valueType && map.valueType.kind !== 'int' ? `${map.valueType.kind} values` : `${map.valueSize}-byte values`
