/**
 * What the forms for kernel memory share: the kernel's BTF with an error when there is none, questions to the kernel at
 * load time, reads through the kernel's fault handler, and the struct that an address is known to point to.
 */

import { findField, findStruct, openKernelBtf } from '../btf/kernel-types.ts'
import { type Btf, readBtf } from '../btf/reader.ts'
import type { BtfTypeId } from '../btf/types.ts'
import { Abort } from '../diag/diagnostic.ts'
import type { Form, FormOf } from '../forms/node.ts'
import { toKernelName, toLispName } from '../tables/names.ts'
import { type CoreField, type CoreQuery, type CoreStruct, coreOffset } from '../types/core-query.ts'
import type { IntType } from '../types/types.ts'
import { at, binary, constant, type Origin, seq, withValues } from './build.ts'
import type { ModuleState } from './context.ts'
import { originOf } from './pointers.ts'
import { didYouMean } from './suggest.ts'
import { quoted, type Stx, symbolOf, syntaxError } from './syntax.ts'

/** The kernel's BTF, when the host has one. */
export function kernelBtfIfAny(module: ModuleState, origin: Origin): Btf | undefined {
  const bytes = module.host.kernelBtf?.()
  if (!bytes) return undefined
  try {
    return openKernelBtf(bytes, readBtf)
  } catch (error) {
    if (!(error instanceof Abort)) throw error
    throw syntaxError('no-kernel-types', origin, `the kernel's BTF cannot be read: ${error.message}`)
  }
}

export function kernelBtf(module: ModuleState, origin: Origin, what: string): Btf {
  const btf = kernelBtfIfAny(module, origin)
  if (btf) return btf
  throw syntaxError(
    'no-kernel-types',
    origin,
    `${what} needs the types of a kernel, and there is no BTF at hand`,
    'on Linux it is /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF); elsewhere copy that file from any Linux machine, or take one from BTFHub, and name it with the option `btf` (--btf FILE)',
  )
}

export interface KernelStruct {
  readonly id: BtfTypeId
  readonly type: CoreStruct
}

export function kernelStructNamed(btf: Btf, stx: Stx): KernelStruct {
  const name = toKernelName(symbolOf(stx, 'the name of a kernel struct').name)
  const found = findStruct(btf, name)
  if (found) return found
  throw syntaxError(
    'unknown-struct',
    stx,
    `the kernel has no struct or union named ${quoted(stx)}`,
    nearStruct(btf, name),
  )
}

function nearStruct(btf: Btf, name: string): string | undefined {
  const prefix = name.slice(0, Math.max(3, name.length - 3))
  const names = new Set(btf.idsOf('struct').map((id) => btf.nameOf(id)))
  const near = [...names].filter((each) => each.startsWith(prefix)).map(toLispName)
  return near.length > 0 ? didYouMean(toLispName(name), near) : undefined
}

/** `se.vruntime` -> the parts in the kernel's spelling. */
export function pathOf(stx: Stx): string[] {
  return toKernelName(symbolOf(stx, 'the name of a field').name).split('.')
}

export function kernelField(btf: Btf, struct: KernelStruct, stx: Stx): CoreField {
  const found = findField(btf, struct, pathOf(stx))
  if (!('problem' in found)) return found
  const inside = toLispName(found.inside)
  if (found.problem === 'unsupported')
    throw syntaxError(
      'unsupported',
      stx,
      `the field \`${found.part}\` of \`${inside}\` is a bitfield or of a type that programs cannot hold`,
      'read the integer around it with `kernel-load`, and mask',
    )
  throw syntaxError(
    'unknown-field',
    stx,
    `the kernel struct \`${inside}\` has no field ${quoted(stx)}`,
    didYouMean(toLispName(found.part), found.known.map(toLispName)),
  )
}

export function coreConst(origin: Origin, query: CoreQuery, value: bigint | number): FormOf<'coreConst'> {
  return { kind: 'coreConst', query, value: BigInt(value), ...at(origin) }
}

export function fieldOffset(origin: Origin, field: CoreField): FormOf<'coreConst'> {
  return coreConst(origin, { kind: 'fieldOffset', field }, coreOffset(field))
}

/** Reads through `probe_read_kernel`; an address that cannot be read gives 0, as the helper clears the buffer. */
export function kernelLoad(origin: Origin, type: IntType, address: Form): Form {
  const size = type.bits / 8
  const buffer: Form = { kind: 'alloc', name: 'kernel', size, align: size, zeroed: false, ...at(origin) }
  return withValues(origin, [buffer], ([ptr]) =>
    seq(origin, [
      { kind: 'call', helper: 'probe_read_kernel', args: [ptr!, constant(origin, size), address], ...at(origin) },
      { kind: 'load', type, ptr: ptr!, offset: constant(origin, 0), ...at(origin) },
    ]),
  )
}

/** `ptr + offset of the field`. */
export function fieldAddress(origin: Origin, ptr: Form, field: CoreField): Form {
  return binary(origin, 'add', ptr, fieldOffset(origin, field))
}

const tags = new WeakMap<Form, string>()

/** Marks a form as the address of a kernel struct. The form must be a fresh one. */
export function tagged(form: Form, struct: string | undefined): Form {
  if (struct) tags.set(form, struct)
  return form
}

const embedded = new WeakSet<Form>()

/** Marks a form as the address of a member that lies inside of a kernel struct. */
export function markEmbedded(form: Form): Form {
  embedded.add(form)
  return form
}

function isEmbedded(form: Form): boolean {
  const origin = form.kind === 'local' ? originOf(form.local) : form
  return origin !== undefined && embedded.has(origin)
}

/** `(+ task (task-struct-comm task))`: in the original such an accessor gave an offset; here it gives the address. */
export function warnDoubleBase(module: ModuleState, origin: Origin, terms: readonly Form[]): void {
  if (!terms.some(isEmbedded) || !terms.some((term) => !isEmbedded(term) && tagOf(term) !== undefined)) return
  module.bag.warn(
    'pointer-misuse',
    origin.span,
    'two kernel addresses are added: the accessor of an embedded field gives its address, not an offset',
    { hint: 'use the value of the accessor alone' },
  )
}

const MAX_CHAIN = 64

/** C name of the kernel struct that a form is known to be the address of. */
export function tagOf(form: Form, depth = 0): string | undefined {
  const known = tags.get(form)
  if (known || depth > MAX_CHAIN) return known
  switch (form.kind) {
    case 'local': {
      const origin = originOf(form.local)
      return origin && tagOf(origin, depth + 1)
    }
    case 'let':
      return tagOf(form.body, depth + 1)
    case 'seq':
    case 'and':
    case 'or': {
      const last = form.forms.at(-1)
      return last && tagOf(last, depth + 1)
    }
    case 'call':
      return form.helper === 'get_current_task' || form.helper === 'get_current_task_btf' ? 'task_struct' : undefined
    default:
      return undefined
  }
}

export function checkTag(ptr: Form, stx: Stx, struct: string): void {
  const tag = tagOf(ptr)
  if (!tag || tag === struct) return
  throw syntaxError(
    'pointer-misuse',
    stx,
    `${quoted(stx)} points to a \`${toLispName(tag)}\`, but a \`${toLispName(struct)}\` is expected`,
    `if it is meant, write \`(as-${toLispName(struct)} ...)\` after \`(import-kernel-struct ${toLispName(struct)})\``,
  )
}
