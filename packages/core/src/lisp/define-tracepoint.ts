/**
 * `(deftracepoint sched/sched-switch prev-pid next-comm)`: accessors of a tracepoint's fields.
 *
 *   scalar       (tp-prev-pid)                       its value
 *   array        (tp-next-comm 0) (tp-next-comm-ptr) an element; the address
 *   __data_loc   (tp-name)  (tp-name-ptr)            the address of the data; (tp-name-length) their bytes
 *
 * All events share the prefix, so a field means that of the event which the program's section names.
 */
import type { Form } from '../forms/node.ts'
import { toKernelName, toLispName } from '../tables/names.ts'
import {
  parseTracepointFormat,
  SHIPPED_CATEGORIES,
  shippedTracepoint,
  shippedTracepointNames,
  type TracepointField,
} from '../tables/tracepoints.ts'
import { sizeOf } from '../types/layout.ts'
import { u32 } from '../types/types.ts'
import { at, binary, constant, type Origin } from './build.ts'
import type { Call, Cx, GeneratedForm, ModuleState } from './context.ts'
import { sym } from './datum.ts'
import { checkCount } from './forms/shared.ts'
import { didYouMean } from './suggest.ts'
import { quoted, type Stx, symbolOf, syntaxError, withArticle } from './syntax.ts'
import { constantSize } from './translate.ts'

/** Fields by event. */
type ByEvent = Map<string, TracepointField>

/** What each accessor means, by name, in each module. */
const known = new WeakMap<ModuleState, Map<string, ByEvent>>()

export function defineTracepoint(module: ModuleState, stx: Stx, args: readonly Stx[]): void {
  const [nameStx, ...wanted] = args
  if (!nameStx)
    throw syntaxError(
      'wrong-argument-count',
      stx,
      '`deftracepoint` needs the name of an event',
      'usage: (deftracepoint sched/sched-process-fork parent-pid child-pid)',
    )
  const event = toKernelName(symbolOf(nameStx, 'the name of an event').name)
  const fields = fieldsOf(module, nameStx, event)
  const chosen = wanted.length === 0 ? fields : wanted.map((fieldStx) => fieldNamed(fields, fieldStx, event))
  for (const field of chosen) defineField(module, nameStx, { event, field })
}

function fieldsOf(module: ModuleState, stx: Stx, event: string): readonly TracepointField[] {
  const [category, name, ...more] = event.split('/')
  if (!category || !name || more.length > 0)
    throw syntaxError(
      'bad-syntax',
      stx,
      `expected category/event, got ${quoted(stx)}`,
      'for example sched/sched-switch',
    )
  const live = module.host.tracepointFormat?.(category, name)
  const fields = live === undefined ? shippedTracepoint(category, name) : parseTracepointFormat(live)
  if (fields && fields.length > 0) return fields
  if (fields) throw syntaxError('no-kernel-types', stx, `the format of ${quoted(stx)} has no fields`)
  const near = didYouMean(name, shippedTracepointNames(category)) ?? didYouMean(category, SHIPPED_CATEGORIES)
  throw syntaxError(
    'no-kernel-types',
    stx,
    `no format of the tracepoint ${quoted(stx)} is at hand`,
    near ??
      `it is /sys/kernel/tracing/events/${event}/format on a kernel that has it (readable by root); the build reads it there when it may`,
  )
}

function fieldNamed(fields: readonly TracepointField[], stx: Stx, event: string): TracepointField {
  const name = toKernelName(symbolOf(stx, 'the name of a field').name)
  const field = fields.find((each) => each.name.toLowerCase() === name)
  if (field) return field
  const names = fields.map((each) => toLispName(each.name))
  throw syntaxError(
    'unknown-field',
    stx,
    `the tracepoint \`${event}\` has no field ${quoted(stx)}`,
    didYouMean(toLispName(name), names) ?? `its fields are ${names.join(', ')}`,
  )
}

function defineField(
  module: ModuleState,
  nameStx: Stx,
  { event, field }: { event: string; field: TracepointField },
): void {
  const byName = known.get(module) ?? new Map<string, ByEvent>()
  known.set(module, byName)
  const events: ByEvent = byName.get(field.name) ?? new Map()
  byName.set(field.name, events)
  // The latest one counts for programs that name no event.
  events.delete(event)
  events.set(event, field)
  const name = `TP-${toLispName(field.name).toUpperCase()}`
  const span = nameStx.span
  const doc = `Field ${field.name} of a tracepoint.`
  const isArray = field.length !== undefined
  const add = (suffix: string, args: string, read: Read): void => {
    module.generated.set(sym(`${name}${suffix}`), { args, doc, span, translate: accessor(args, events, read) })
  }
  add('', '[index]', value)
  if (isArray || field.dataLoc) add('-PTR', '', address)
  if (field.dataLoc) add('-LENGTH', '', length)
}

type Read = (cx: Cx, call: Call, field: TracepointField) => Form

function accessor(args: string, events: ByEvent, read: Read): GeneratedForm['translate'] {
  return (cx, call) => {
    checkCount(call, args, [0, args === '' ? 0 : 1])
    if (cx.program.type !== 'tracepoint')
      throw syntaxError(
        'bad-syntax',
        call.stx,
        `\`${call.name}\` reads the event of a tracepoint program; this is ${withArticle(toLispName(cx.program.type))} program`,
        'use (:type :tracepoint :section "tracepoint/category/event")',
      )
    const own = cx.program.section.replace(/^[^/]*\//, '')
    return read(cx, call, events.get(own) ?? [...events.values()].at(-1)!)
  }
}

function value(cx: Cx, call: Call, field: TracepointField): Form {
  const [indexStx] = call.args
  if (field.dataLoc) {
    if (indexStx) throw syntaxError('bad-syntax', indexStx, `\`${call.name}\` is the address of the data; read there`)
    return address(cx, call, field)
  }
  if (field.length === undefined) {
    if (indexStx) throw syntaxError('bad-syntax', indexStx, `the field \`${field.name}\` is no array`)
    return word(call.stx, field, field.offset)
  }
  if (!indexStx)
    throw syntaxError(
      'wrong-argument-count',
      call.stx,
      `the field \`${field.name}\` is an array of ${field.length}`,
      `give an index, or take its address with \`(${call.name}-ptr)\``,
    )
  const index = constantSize(cx, indexStx, 'the index of a field')
  if (index < 0 || index >= field.length)
    throw syntaxError(
      'index-out-of-range',
      indexStx,
      `index ${index} is outside \`${field.name}\`, which has ${field.length} elements`,
    )
  return word(call.stx, field, field.offset + index * sizeOf(field.type))
}

function word(origin: Origin, { type }: Pick<TracepointField, 'type'>, offset: number): Form {
  return { kind: 'ctxLoad', type, offset, ...at(origin) }
}

function address(_: Cx, call: Call, field: TracepointField): Form {
  const ctx: Form = { kind: 'ctx', ...at(call.stx) }
  if (!field.dataLoc) return binary(call.stx, 'add', ctx, constant(call.stx, field.offset))
  const place = binary(call.stx, 'and', word(call.stx, { type: u32 }, field.offset), constant(call.stx, 0xffff))
  return binary(call.stx, 'add', ctx, place)
}

function length(_: Cx, call: Call, field: TracepointField): Form {
  return binary(call.stx, 'lshr', word(call.stx, { type: u32 }, field.offset), constant(call.stx, 16))
}
