/**
 * Arithmetic on pointers: adding and subtracting numbers, and the distance of two pointers, is all that the verifier takes
 * (`adjust_ptr_min_max_vals`, kernel/bpf/verifier.c, 6.18). Also constant divisors and shift counts.
 */
import type { Form, FormOf } from '../forms/node.ts'
import type { PtrType } from '../types/types.ts'
import type { CheckContext } from './check-context.ts'
import { constantOf } from './check-context.ts'

export function checkBinary(cx: CheckContext, form: FormOf<'binary'>): void {
  const left = cx.pointer(form.left)
  const right = cx.pointer(form.right)
  if (left || right) checkPointers(cx, form)
  const constant = constantOf(form.right)
  switch (form.op) {
    case 'udiv':
    case 'umod':
    case 'sdiv':
    case 'smod':
      if (constant === 0n) cx.error(form, 'division-by-zero', 'division by the constant 0')
      break
    case 'shl':
    case 'lshr':
    case 'ashr':
      if (constant !== undefined && constant > 63n) {
        cx.error(form, 'shift-out-of-range', `the shift count ${constant} is not in 0..63`)
      }
      break
  }
}

function checkPointers(cx: CheckContext, form: FormOf<'binary'>): void {
  const left = cx.pointer(form.left)
  const right = cx.pointer(form.right)
  if (form.op === 'sub' && left && right) return
  const refusal = refusalOf(form, left, right)
  if (refusal) cx.error(form, 'pointer-misuse', ...refusal)
}

function refusalOf(
  form: FormOf<'binary'>,
  left: PtrType | undefined,
  right: PtrType | undefined,
): [message: string, hint?: string] | undefined {
  if (form.op !== 'add' && form.op !== 'sub') {
    return [
      `the verifier does not allow \`${form.op}\` on a pointer; only adding or subtracting a number`,
      'load the value behind the pointer first',
    ]
  }
  if (left && right) return ['two pointers cannot be added; expected a number']
  if (form.op === 'sub' && right) return ['a pointer cannot be subtracted from a number', 'swap the operands']
  if ((left ?? right)?.space === 'packetEnd') {
    return ['the end of the packet cannot be moved by arithmetic', 'move the other side: (> (+ data 34) data-end)']
  }
  return undefined
}

export function checkNumber(cx: CheckContext, form: Form, what: string): void {
  if (cx.pointer(form)) cx.error(form, 'pointer-misuse', `a pointer cannot be ${what}; expected a number`)
}
