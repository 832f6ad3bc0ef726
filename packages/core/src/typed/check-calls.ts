/** Helper calls against the helper's row: availability, licence, number and kinds of arguments. Tail calls. */
import type { KernelPointer } from '../forms/module.ts'
import type { Form, FormOf } from '../forms/node.ts'
import { helperAllowed, helperNeedsGpl } from '../tables/helpers/availability.ts'
import { helperRow } from '../tables/helpers/index.ts'
import type { ArgKind } from '../tables/kinds.ts'
import { parsePrintk } from '../tables/printk.ts'
import { sizeOf } from '../types/layout.ts'
import { scalarName } from '../types/types.ts'
import type { CheckContext } from './check-context.ts'
import { bytes, constantOf, shown } from './check-context.ts'
import { checkAccess } from './check-memory.ts'

/** Licences that the kernel counts as GPL-compatible (`license_is_gpl_compatible`, include/linux/license.h, 6.18). */
const GPL_LICENSES: ReadonlySet<string> = new Set([
  'GPL',
  'GPL v2',
  'GPL and additional rights',
  'Dual BSD/GPL',
  'Dual MIT/GPL',
  'Dual MPL/GPL',
])

export function checkCall(cx: CheckContext, form: FormOf<'call'>): void {
  const row = helperRow(form.helper)
  checkPermission(cx, form)
  const least = row.minArgs ?? row.args.length
  if (form.args.length < least || form.args.length > row.args.length) {
    const names = row.args.map((arg) => arg.name).join(' ')
    const count = least === row.args.length ? `${least}` : `${least} to ${row.args.length}`
    cx.error(
      form,
      'wrong-argument-count',
      `${shown(form.helper)} takes ${count} argument${count === '1' ? '' : 's'}, not ${form.args.length}`,
      row.args.length > 0 ? `arguments: ${names}` : undefined,
    )
    return
  }
  for (const [i, value] of form.args.entries()) checkArgument(cx, form, { arg: row.args[i]!, value })
  checkPrinted(cx, form)
}

/** Addresses are printed by %p and %s: as a number, a pointer is refused by nobody and means nothing. */
function checkPrinted(cx: CheckContext, { helper, args: [format, , ...values] }: FormOf<'call'>): void {
  if (helper !== 'trace_printk' || format?.kind !== 'globalAddr') return
  const parsed = parsePrintk(new TextDecoder().decode(format.global.init))
  if ('problem' in parsed) return
  for (const [i, value] of values.entries()) {
    if (parsed.arguments[i] === 'number' && cx.pointer(value))
      cx.error(value, 'pointer-misuse', 'this is a pointer, but the format prints a number', 'addresses print as %p')
  }
}

function checkPermission(cx: CheckContext, form: FormOf<'call'>): void {
  const { program } = cx
  const user = { type: program.type, attachType: program.attachType }
  if (helperAllowed(user, form.helper) === false) {
    cx.error(form, 'helper-not-allowed', `${shown(program.type)} programs may not call ${shown(form.helper)}`)
    return
  }
  if (helperNeedsGpl(user, form.helper) && !GPL_LICENSES.has(program.license)) {
    cx.error(
      form,
      'gpl-only-helper',
      `${shown(form.helper)} is only for programs with a GPL-compatible licence; this one has "${program.license}"`,
      'use :license "GPL" or "Dual MIT/GPL"',
    )
  }
}

interface Argument {
  readonly arg: ArgKind
  readonly value: Form
}

function checkArgument(cx: CheckContext, call: FormOf<'call'>, { arg, value }: Argument): void {
  switch (arg.kind) {
    case 'map':
      checkMapArgument(cx, call, { arg, value })
      break
    case 'ctx': {
      const none = arg.nullable && constantOf(value) === 0n
      const space = cx.pointer(value)?.space
      const isSocket = space !== undefined && space !== 'ctx' && arg.socketIn?.includes(cx.program.type)
      if (!none && !isSocket && space !== 'ctx') wrongKind(cx, call, { arg, value }, 'the context: (ctx-ptr)')
      break
    }
    case 'mapKey':
    case 'mapValue':
      checkMapMemory(cx, call, { arg, value })
      break
    case 'mem':
      checkMemory(cx, call, { arg, value })
      break
    case 'size':
      checkSize(cx, call, { arg, value })
      break
    case 'record':
      if (cx.pointer(value)?.space !== 'ringbuf') {
        wrongKind(cx, call, { arg, value }, 'a record from ringbuf-reserve')
      }
      break
    case 'int':
    case 'address':
    case 'typed':
      break
  }
}

function wrongKind(cx: CheckContext, call: FormOf<'call'>, { arg, value }: Argument, expected: string): void {
  const type = cx.type(value)
  const got = type.kind === 'ptr' ? 'another pointer' : 'a number'
  cx.error(
    value,
    'pointer-misuse',
    `argument \`${arg.name}\` of ${shown(call.helper)} must be ${expected}; this is ${got}`,
  )
}

function checkMapArgument(cx: CheckContext, call: FormOf<'call'>, { arg, value }: Argument): void {
  // An entry of a map of maps: of which kind, its declaration said.
  if (cx.pointer(value)?.space === 'map' && value.kind !== 'mapRef') return
  if (value.kind !== 'mapRef') {
    wrongKind(cx, call, { arg, value }, 'a map name')
    return
  }
  if (arg.kind !== 'map' || !arg.types || arg.types.includes(value.map.type)) return
  const kinds = arg.types.map(shown).join(', ')
  cx.error(
    value,
    'wrong-map-kind',
    `${shown(call.helper)} works on maps of kind ${kinds}; ${shown(value.map.name)} is of kind ${shown(value.map.type)}`,
  )
}

function checkMapMemory(cx: CheckContext, call: FormOf<'call'>, { arg, value }: Argument): void {
  if (arg.kind !== 'mapKey' && arg.kind !== 'mapValue') return
  const map = call.args[arg.map]
  if (!cx.pointer(value)) {
    wrongKind(cx, call, { arg, value }, `a pointer to the ${arg.name}`)
    return
  }
  if (map?.kind !== 'mapRef') return
  const size = arg.kind === 'mapKey' ? map.map.keySize : map.map.valueSize
  const pointee = cx.pointer(value)?.pointee
  if (pointee && sizeOf(pointee) < size) {
    const what = `map ${shown(map.map.name)} has ${size}-byte ${arg.name}s`
    cx.error(value, 'size-mismatch', `${what}; this is ${bytes(sizeOf(pointee))} long`)
  }
}

function checkMemory(cx: CheckContext, call: FormOf<'call'>, { arg, value }: Argument): void {
  if (arg.kind !== 'mem') return
  if (arg.nullable && constantOf(value) === 0n) return
  const pointer = cx.pointer(value)
  if (!pointer) {
    wrongKind(cx, call, { arg, value }, 'a pointer to memory')
    return
  }
  const given = arg.size === undefined ? undefined : call.args[arg.size]
  const size = arg.bytes ?? Number((given && constantOf(given)) ?? 0n)
  if (pointer.space === 'packetEnd' || pointer.space === 'map') {
    wrongKind(cx, call, { arg, value }, 'a pointer to memory')
    return
  }
  if (size > 0) checkAccess(cx, value, { access: arg.access, offset: 0, size })
}

function checkSize(cx: CheckContext, call: FormOf<'call'>, { arg, value }: Argument): void {
  if (arg.kind !== 'size') return
  if (cx.pointer(value)) {
    wrongKind(cx, call, { arg, value }, 'a number of bytes')
    return
  }
  const constant = constantOf(value)
  const name = `argument \`${arg.name}\` of ${shown(call.helper)}`
  if (constant === undefined && arg.constant) {
    cx.error(value, 'not-constant', `${name} must be known at compile time`, 'use (sizeof struct) or a defconstant')
  } else if (constant === 0n && !arg.zero) {
    cx.error(value, 'size-mismatch', `${name} must not be 0`)
  }
}

/** Calls of kernel functions: number and kinds of arguments; which pointers a function takes, the kernel says. */
export function checkKfunc(cx: CheckContext, form: FormOf<'kfunc'>): void {
  const { name, params } = form.kfunc
  // add_kfunc_call, kernel/bpf/verifier.c (6.18).
  if (!GPL_LICENSES.has(cx.program.license))
    cx.error(
      form,
      'gpl-only-helper',
      `kernel functions are only for programs with a GPL-compatible licence; this one has "${cx.program.license}"`,
      'use :license "GPL" or "Dual MIT/GPL"',
    )
  for (const [i, { name: param, type }] of params.entries()) {
    const arg = form.args[i]!
    const place = `argument \`${param}\` of ${shown(name)}`
    if (type.kind === 'int' && cx.pointer(arg))
      cx.error(arg, 'pointer-misuse', `${place} is a number; this is a pointer`)
    if (type.kind === 'kernelPointer' && !cx.pointer(arg) && constantOf(arg) !== 0n)
      cx.error(arg, 'pointer-misuse', `${place} is a pointer${pointee(type)}; this is a number`)
  }
}

function pointee({ to }: KernelPointer): string {
  if (to === undefined) return ''
  return ` to ${typeof to === 'string' ? `the kernel's ${shown(to)}` : scalarName(to)}`
}

export function checkTailCall(cx: CheckContext, form: FormOf<'tailCall'>): void {
  if (form.map.type !== 'prog_array') {
    cx.error(
      form,
      'wrong-map-kind',
      `a tail call needs a ${shown('prog_array')} map; ${shown(form.map.name)} is a ${shown(form.map.type)} map`,
    )
  }
  if (cx.pointer(form.index))
    cx.error(form.index, 'pointer-misuse', 'the index of a tail call is a number, not a pointer')
}
