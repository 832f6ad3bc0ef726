/** Accesses through pointers: only through pointers, only where the program type may read or write, of a legal width. */
import type { Form, FormOf } from '../forms/node.ts'
import { programTypeRow } from '../tables/program-types.ts'
import { sizeOf } from '../types/layout.ts'
import type { PtrType } from '../types/types.ts'
import type { CheckContext } from './check-context.ts'
import { bytes, constantOf } from './check-context.ts'

/** A run of bytes that a form touches. */
export interface Extent {
  readonly access: 'read' | 'write'
  /** Undefined when not constant. */
  readonly offset: number | undefined
  readonly size: number
}

export function checkLoad(cx: CheckContext, form: FormOf<'load'>): void {
  checkAccess(cx, form.ptr, { access: 'read', offset: offsetOf(form.offset), size: form.type.bits / 8 })
}

export function checkStore(cx: CheckContext, form: FormOf<'store'>): void {
  checkAccess(cx, form.ptr, { access: 'write', offset: offsetOf(form.offset), size: form.type.bits / 8 })
}

/** Where the bytes are is known at load time only; the verifier knows which may be written. */
export function checkCoreAccess(cx: CheckContext, form: FormOf<'coreLoad' | 'coreStore'>): void {
  checkAccess(cx, form.ptr, { access: 'read', offset: undefined, size: form.type.bits / 8 })
}

export function checkBlockOperation(cx: CheckContext, form: FormOf<'memset' | 'memcpy'>): void {
  if (form.kind === 'memset') {
    checkAccess(cx, form.ptr, { access: 'write', offset: form.offset, size: form.size })
    return
  }
  checkAccess(cx, form.dst, { access: 'write', offset: form.dstOffset, size: form.size })
  checkAccess(cx, form.src, { access: 'read', offset: form.srcOffset, size: form.size })
}

export function checkAtomic(cx: CheckContext, form: FormOf<'atomic'>): void {
  const { bits } = form.type
  if (bits !== 32 && bits !== 64) {
    cx.error(
      form,
      'bad-type',
      `atomic operations are 4 or 8 bytes wide, not ${bytes(bits / 8)}`,
      'use a u32 or u64 value, or a plain load and store',
    )
  }
  checkAccess(cx, form.ptr, { access: 'write', offset: offsetOf(form.offset), size: bits / 8 })
  const space = cx.pointer(form.ptr)?.space
  // `check_atomic`, kernel/bpf/verifier.c (6.18): "BPF_ATOMIC stores into R%d %s is not allowed".
  if (space === 'packet' || space === 'packetMeta' || space === 'ctx') {
    cx.error(form, 'pointer-misuse', `atomic operations on ${SPACE_NAMES[space]} are not allowed`)
  }
  const offset = offsetOf(form.offset)
  if (offset !== undefined && offset % (bits / 8) !== 0) {
    cx.error(form.offset, 'bad-option', `offset ${offset} of an atomic access is no multiple of its ${bytes(bits / 8)}`)
  }
}

const offsetOf = (form: Form): number | undefined => {
  const value = constantOf(form)
  return value === undefined ? undefined : Number(BigInt.asIntN(64, value))
}

export const SPACE_NAMES: Readonly<Record<PtrType['space'], string>> = {
  ctx: 'the context',
  stack: 'the stack',
  packet: 'the packet',
  packetEnd: 'the end of the packet',
  packetMeta: 'packet metadata',
  mapValue: 'a map value',
  ringbuf: 'a ring buffer record',
  map: 'a map',
  kernel: 'kernel memory',
  btf: 'a kernel object',
  code: 'a function',
}

/** Reports what is wrong with touching `extent` through `ptr`. */
export function checkAccess(cx: CheckContext, ptr: Form, extent: Extent): void {
  const type = cx.pointer(ptr)
  if (!type) {
    if (cx.type(ptr).kind === 'void') return
    cx.error(
      ptr,
      'pointer-misuse',
      'this is a number; memory is read and written through a pointer',
      'an address that a program got as a number is read with probe-read-kernel or probe-read-user',
    )
    return
  }
  const refusal = refusalOf(cx, type, extent)
  if (refusal) cx.error(ptr, 'pointer-misuse', ...refusal)
  else checkBounds(cx, ptr, extent)
}

function refusalOf(cx: CheckContext, type: PtrType, { access }: Extent): [message: string, hint?: string] | undefined {
  const verb = access === 'read' ? 'read' : 'written'
  switch (type.space) {
    case 'packetEnd':
      return [`nothing can be ${verb} through the end of the packet`, 'use the pointer from (ctx data)']
    case 'code':
      return [`a function cannot be ${verb}`]
    case 'map':
      return [`a map cannot be ${verb} directly`, 'use getmap, map-lookup or map-update']
    case 'ctx':
      return access === 'write' ? ['the context is written by (setf (ctx field) value)'] : undefined
    case 'packet': {
      const rights = programTypeRow(cx.program.type).directPacketAccess
      const allowed = rights === 'readWrite' || (rights === 'read' && access === 'read')
      return allowed
        ? undefined
        : [`programs of this type (${cx.program.type}) cannot have packet bytes ${verb} directly`]
    }
    case 'kernel':
    case 'btf':
      return access === 'write' ? ['kernel memory cannot be written'] : undefined
    case 'stack':
    case 'packetMeta':
    case 'mapValue':
    case 'ringbuf':
      return undefined
  }
}

/** Constant accesses outside the object that the pointer is known to point to. */
function checkBounds(cx: CheckContext, ptr: Form, { offset, size }: Extent): void {
  const pointee = cx.pointer(ptr)?.pointee
  if (!pointee || offset === undefined) return
  const limit = sizeOf(pointee)
  if (offset >= 0 && offset + size <= limit) return
  cx.error(
    ptr,
    'index-out-of-range',
    `the access covers bytes ${offset} to ${offset + size - 1}, but only ${bytes(limit)} are there`,
  )
}
