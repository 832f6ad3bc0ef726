/** The context of a program: fields, parameters that lie in it, views of the packet. */
import type { ContextDef, ParamType } from '../dsl/program-def.ts'
import type { Form } from '../forms/node.ts'
import { CONTEXTS, type ContextField, type ContextName, contextRow } from '../tables/contexts.ts'
import { toCamelName } from '../tables/names.ts'
import { programTypeRow } from '../tables/program-types.ts'
import { ptRegs } from '../tables/pt-regs.ts'
import { sizeOf } from '../types/layout.ts'
import type { Field, IntType, Type } from '../types/types.ts'
import { u32, u64 } from '../types/types.ts'
import type { Node } from './ast.ts'
import type { Cx } from './context.ts'
import { bind, constForm, emit, failure, localForm, spanOf } from './context.ts'
import { cast, castForm, describe, numberOf, plain, stable } from './integers.ts'
import { kernelValue } from './kernel.ts'
import { bindRef, scalarForm, scalarValue } from './memory.ts'
import type { RefValue, Value } from './value.ts'
import { intValue } from './value.ts'

/** A part of the context: a field of the table, or of the struct that describes a tracepoint. */
interface Part {
  readonly offset: number
  readonly type: Type
  readonly field: ContextField | undefined
}

function tableOf(cx: Cx): ContextName | undefined {
  const { context } = cx.program
  return context.kind === 'table' ? context.name : programTypeRow(cx.program.type).context
}

function partsOf(cx: Cx): ReadonlyMap<string, Part> {
  const { context } = cx.program
  if (context.kind === 'struct') {
    const place = (f: Field): [string, Part] => [f.key ?? toCamelName(f.name), { ...f, field: undefined }]
    return new Map(context.struct.fields.map(place))
  }
  const table = tableOf(cx)
  if (!table) return new Map()
  return new Map(
    contextRow(table).fields.map((field) => {
      const type: Type = field.length ? { kind: 'array', element: field.type, length: field.length } : field.type
      return [toCamelName(field.name), { offset: field.offset, type, field }]
    }),
  )
}

export function contextMember(cx: Cx, node: Node, name: string): Value {
  if (name === 'length' && packetFields(cx)) return packetLength(cx, node)
  const part = contextPart(cx, node, name)
  const span = spanOf(cx, node)
  if (part.field?.pointer) return contextPointer(cx, node, part.field, name)
  if (part.type.kind === 'int') return loaded(cx, node, part.type, part)
  if (part.type.kind === 'array' && part.type.element.kind === 'int') {
    const { element, length } = part.type
    const at = (i: number) => ({ ...part, offset: part.offset + i * sizeOf(element) })
    return { kind: 'list', items: Array.from({ length }, (_, i) => loaded(cx, node, element as IntType, at(i))) }
  }
  throw failure(
    cx,
    { start: span.start, end: span.end },
    'unsupported',
    `\`${name}\` of the context cannot be read as a whole`,
  )
}

function contextPart(cx: Cx, node: Node, name: string): Part {
  const parts = partsOf(cx)
  const part = parts.get(name)
  if (part) return part
  const known = [...parts.keys()]
  const hint =
    known.length > 0 ? `it has ${known.slice(0, 12).join(', ')}${known.length > 12 ? ', ...' : ''}` : undefined
  throw failure(cx, node, 'unknown-field', `the context of a ${cx.program.type} program has no field \`${name}\``, hint)
}

function loaded(cx: Cx, node: Node, type: IntType, { offset, field }: Omit<Part, 'type'>): Value {
  const span = spanOf(cx, node)
  const load: Form = { kind: 'ctxLoad', type: plain(type), offset, ...(field ? { field } : {}), span }
  return scalarValue(cx, node, type, load)
}

/** A kernel object behind a field (`ctx.sk`): its fields are those of the table of that name, when there is one. */
function contextPointer(cx: Cx, node: Node, field: ContextField, name: string): Value {
  const span = spanOf(cx, node)
  const load: Form = { kind: 'ctxLoad', type: field.type, offset: field.offset, field, span }
  const type = objectType(field.of)
  return bindRef(cx, node, load, { type, space: field.pointer!, nullable: field.nullable ?? false, name })
}

export function objectType(name: string | undefined): Type {
  if (!name || !Object.hasOwn(CONTEXTS, name))
    return { kind: 'struct', name: name ?? 'object', fields: [], size: 0, align: 1 }
  const row = contextRow(name as ContextName) // hasOwn checked
  const fields = row.fields.map((f): Field => {
    const type: Type = f.length ? { kind: 'array', element: f.type, length: f.length } : f.type
    return { name: f.name, type, offset: f.offset }
  })
  return { kind: 'struct', name, fields, size: row.size, align: 8 }
}

/** `ctx.mark = 1`, `ctx.cb[0] = 1`. */
export function assignContext(
  cx: Cx,
  node: Node,
  target: { name: string; index: Value | undefined },
  value: Value,
): void {
  const part = contextPart(cx, node, target.name)
  const span = spanOf(cx, node)
  const index = target.index ? numberOf(cx, node, target.index) : undefined
  const type = index && part.type.kind === 'array' ? part.type.element : part.type
  if (type.kind !== 'int' || index?.kind === 'int' || !part.field) {
    throw failure(cx, node, 'read-only-field', `\`${target.name}\` of the context cannot be assigned`)
  }
  const offset = part.offset + (index ? Number(index.value) * sizeOf(type) : 0)
  emit(cx, { kind: 'ctxStore', type, offset, field: part.field, value: scalarForm(cx, node, type, value), span })
}

// --- packet

function packetFields(cx: Cx): { data: ContextField; end: ContextField } | undefined {
  if (cx.program.context.kind !== 'table') return undefined
  const { fields } = contextRow(cx.program.context.name)
  const data = fields.find((f) => f.pointer === 'packet')
  const end = fields.find((f) => f.pointer === 'packetEnd')
  return data && end ? { data, end } : undefined
}

const pointerField = (field: ContextField, cx: Cx, node: Node): Form => ({
  kind: 'ctxLoad',
  type: field.type,
  offset: field.offset,
  field,
  span: spanOf(cx, node),
})

/** `len` of a socket buffer, which counts what does not lie in the linear part too; else the distance of both ends. */
function packetLength(cx: Cx, node: Node): Value {
  const own = partsOf(cx).get('len')
  if (own) return contextMember(cx, node, 'len')
  const { data, end } = packetFields(cx)!
  const span = spanOf(cx, node)
  const left = pointerField(end, cx, node)
  const right = pointerField(data, cx, node)
  return intValue({ kind: 'cast', type: u32, value: { kind: 'binary', op: 'sub', left, right, span }, span }, u32)
}

/**
 * `ctx.at(S, off)`: nothing is checked here; the test of the result is the bounds check, so that it becomes the one
 * comparison with data_end that the verifier understands.
 */
export function packetView(cx: Cx, node: Node, type: Type, offset: Value): RefValue {
  const fields = packetFields(cx)
  if (!fields)
    throw failure(cx, node, 'helper-not-allowed', `${cx.program.type} programs have no direct access to the packet`)
  const span = spanOf(cx, node)
  const num = numberOf(cx, node, offset)
  const fixed = num.kind === 'const' ? num.value : 0n
  if (fixed < 0n || fixed + BigInt(sizeOf(type)) > 0xffffn) {
    // MAX_PACKET_OFF, kernel/bpf/verifier.c (6.18)
    throw failure(cx, node, 'index-out-of-range', `a view of the packet lies within 0..65535, not at ${fixed}`)
  }
  const data = pointerField(fields.data, cx, node)
  const right =
    num.kind === 'const' ? undefined : castForm(cx, node, stable(cx, node, cast(cx, node, num, u64), 'offset'), u64)
  const start: Form = right ? { kind: 'binary', op: 'add', left: data, right, span } : data
  const ptr = localForm(bind(cx, span, { name: 'view', init: start }), span)
  return checkedView(cx, node, { type, ptr, offset: Number(fixed) })
}

/** `ctx.after(view, S)`: what follows a view that is there. */
export function nextView(cx: Cx, node: Node, view: RefValue, type: Type): RefValue {
  if (view.space !== 'packet') {
    throw failure(cx, node, 'wrong-kind', `\`after\` needs a view of the packet, got ${describe(view)}`)
  }
  const span = spanOf(cx, node)
  const ptr = view.variable ? localForm(bind(cx, span, { name: 'view', init: view.ptr }), span) : view.ptr
  return checkedView(cx, node, { type, ptr, offset: view.offset + sizeOf(view.type) })
}

export interface ViewPlace {
  readonly type: Type
  readonly ptr: Form
  readonly offset: number
}

export function checkedView(cx: Cx, node: Node, place: ViewPlace): RefValue {
  const fields = packetFields(cx)!
  const span = spanOf(cx, node)
  const right = constForm(place.offset + sizeOf(place.type), span)
  const last: Form = { kind: 'binary', op: 'add', left: place.ptr, right, span }
  const test: Form = { kind: 'compare', pred: 'ule', left: last, right: pointerField(fields.end, cx, node), span }
  return { kind: 'ref', ...place, space: 'packet', nullness: { key: {}, test }, bounds: true, epoch: cx.packetEpoch }
}

// --- parameters

/** What the handler's parameters stand for. */
export function handlerArguments(cx: Cx, node: Node, context: ContextDef): readonly Value[] {
  const ctx: Value = { kind: 'ctx' }
  switch (context.kind) {
    case 'table':
    case 'struct':
      return [ctx]
    case 'none':
      return []
    case 'registers': {
      const { params } = ptRegs('x86_64')
      return [...context.args.map((type, i) => argument(cx, node, type, params[i]!)), ctx]
    }
    case 'array':
      return [...context.args.map((type, i) => argument(cx, node, type, i * 8)), ctx]
    case 'returned':
      return [argument(cx, node, context.type, ptRegs('x86_64').result), ctx]
  }
}

/** Programs whose arguments the verifier knows by BTF. */
const TYPED_ARGUMENTS: ReadonlySet<string> = new Set(['tracing', 'lsm'])

/** Registers are 64 bits wide; the value is their low part. */
function argument(cx: Cx, node: Node, type: ParamType, offset: number): Value {
  const span = spanOf(cx, node)
  const load: Form = { kind: 'ctxLoad', type: u64, offset, span }
  if (type.kind === 'int') return cast(cx, node, intValue(load, u64), plain(type))
  // Addresses of other memory are numbers until a helper reads them.
  if (type.kind !== 'kernelStruct') return intValue(load, u64)
  const direct = TYPED_ARGUMENTS.has(cx.program.type)
  const field = { name: 'arg', offset, type: u64, pointer: 'btf' } as const
  return kernelValue(cx, node, { ...type, pointer: false }, { ptr: direct ? { ...load, field } : load, direct })
}
