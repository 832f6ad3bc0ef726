/** Methods of maps: `get`, `set`, `delete`, `add`, `has`, `reserve`, `output`, `push`, `pop`, `peek`, `tailCall`. */
import type { MapDef } from '../dsl/map-def.ts'
import type { MapDecl } from '../forms/module.ts'
import type { Form } from '../forms/node.ts'
import type { HelperName } from '../tables/helpers/index.ts'
import { sizeOf } from '../types/layout.ts'
import type { Type } from '../types/types.ts'
import { i64, u32 } from '../types/types.ts'
import type { Node } from './ast.ts'
import { mapOperand, memoryOf } from './construct.ts'
import type { Cx } from './context.ts'
import { bind, constForm, emit, failure, localForm, spanOf } from './context.ts'
import { assignable, castForm, describe, plain } from './integers.ts'
import { addressForm, bindRef, stackRef } from './memory.ts'
import { isStorage, storageMethod } from './storage.ts'
import type { RefValue, Value } from './value.ts'
import { boolValue, intValue, VOID_VALUE } from './value.ts'

interface MapCall {
  readonly cx: Cx
  readonly node: Node
  readonly def: MapDef
  readonly map: MapDecl
  /** Pointer to the map, when it came out of a map of maps. */
  readonly via?: Form | undefined
  readonly args: readonly Value[]
}

interface Method {
  /** Fewest and most arguments. */
  readonly args: readonly [number, number]
  readonly usage: string
  readonly lower: (call: MapCall) => Value
}

const METHODS: Readonly<Record<string, Method>> = {
  get: { args: [1, 1], usage: 'get(key)', lower: (call) => lookup(call) },
  has: {
    args: [1, 1],
    usage: 'has(key)',
    lower: (call) =>
      call.map.type === 'bloom_filter' ? found(call, 'map_peek_elem') : boolValue(isThere(call, lookup(call))),
  },
  set: { args: [2, 3], usage: "set(key, value, flags?: 'any' | 'noexist' | 'exist')", lower: update },
  delete: { args: [1, 1], usage: 'delete(key)', lower: remove },
  add: { args: [2, 2], usage: 'add(key, amount)', lower: add },
  reserve: { args: [0, 0], usage: 'reserve()', lower: reserve },
  output: { args: [1, 2], usage: 'output(record)', lower: output },
  push: { args: [1, 1], usage: 'push(value)', lower: push },
  pop: { args: [0, 0], usage: 'pop()', lower: (call) => take(call, 'map_pop_elem') },
  peek: { args: [0, 0], usage: 'peek()', lower: (call) => take(call, 'map_peek_elem') },
  tailCall: { args: [2, 2], usage: 'tailCall(ctx, index)', lower: tailCall },
}

/** What needs no helper of its own, and so works through a pointer to a map. */
const VIA_POINTER: ReadonlySet<string> = new Set(['get', 'has', 'set', 'delete', 'add'])

export const isMapMethod = (name: string): boolean => Object.hasOwn(METHODS, name)

export function mapMethod(
  cx: Cx,
  node: Node,
  { def, name, via }: { def: MapDef; name: string; via?: Form | undefined },
  args: readonly Value[],
): Value {
  const map = via ? cx.unit.innerMapOf(def) : declOf(cx, node, def)
  if (isStorage(map.type)) return storageMethod(cx, node, { def, map, name }, args)
  const method = Object.hasOwn(METHODS, name) ? METHODS[name]! : undefined
  if (!method) {
    const known = Object.keys(METHODS).join(', ')
    throw failure(cx, node, 'wrong-map-kind', `a map has no method \`${name}\``, `maps have ${known}`)
  }
  if (args.length < method.args[0] || args.length > method.args[1]) {
    throw failure(
      cx,
      node,
      'wrong-argument-count',
      `\`${name}\` got ${args.length} arguments`,
      `usage: ${method.usage}`,
    )
  }
  const call: MapCall = { cx, node, def, map, args, ...(via && { via }) }
  if (via && !VIA_POINTER.has(name))
    throw refuse(call, `\`${name}\` inside another map`, 'it has get, set, delete, add and has')
  return method.lower(call)
}

export function declOf(cx: Cx, node: Node, def: MapDef): MapDecl {
  const map = cx.unit.mapOf(def)
  if (map) return map
  const hint = 'give it to a `const` at module level, or list it in `object({ maps })`'
  throw failure(cx, node, 'not-compilable', 'this map has no name', hint)
}

const refuse = ({ cx, node, map }: MapCall, what: string, hint?: string) =>
  failure(cx, node, 'wrong-map-kind', `\`${map.name}\` is a ${map.type} map, which has no ${what}`, hint)

function keyType(call: MapCall): Type {
  if (call.def.key && call.map.type !== 'prog_array') return call.def.key
  throw refuse(call, 'keys', call.def.record ? 'use `reserve()` or `output(record)`' : undefined)
}

function valueType(call: MapCall): Type {
  if (call.def.value) return call.def.value
  throw refuse(call, 'values', call.def.record ? 'use `reserve()` or `output(record)`' : undefined)
}

function lookup(call: MapCall): RefValue {
  const { cx, node, def, map, args } = call
  const key = mapOperand(cx, node, keyType(call), args[0]!)
  const form: Form = { kind: 'mapLookup', ...onMap(call), key, span: spanOf(cx, node) }
  const ref = { nullable: true, name: map.name }
  if (def.inner) return { ...bindRef(cx, node, form, { type: MAP_POINTER, space: 'map', ...ref }), map: def.inner }
  return bindRef(cx, node, form, { type: valueType(call), space: 'mapValue', ...ref })
}

/** A map has no fields. */
const MAP_POINTER: Type = { kind: 'struct', name: 'bpf_map', fields: [], size: 0, align: 1 }

const onMap = ({ map, via }: MapCall): Pick<Extract<Form, { kind: 'mapLookup' }>, 'map' | 'via'> => ({
  map,
  ...(via && { via }),
})

function isThere({ cx, node }: MapCall, ref: RefValue): Form {
  const span = spanOf(cx, node)
  return { kind: 'compare', pred: 'ne', left: ref.ptr, right: constForm(0, span), span }
}

/** BPF_ANY and its relatives, include/uapi/linux/bpf.h. */
const FLAGS: Readonly<Record<string, bigint>> = { any: 0n, noexist: 1n, exist: 2n }

function update(call: MapCall): Value {
  const { cx, node, args, def } = call
  if (def.inner) throw refuse(call, '`set` inside programs', 'user space puts maps into it')
  const span = spanOf(cx, node)
  const key = mapOperand(cx, node, keyType(call), args[0]!)
  const value = mapOperand(cx, node, valueType(call), args[1]!)
  return result(call, {
    kind: 'mapUpdate',
    ...onMap(call),
    key,
    value,
    flags: constForm(flagBits(call, args[2]), span),
    span,
  })
}

function flagBits({ cx, node }: MapCall, value: Value | undefined): bigint {
  if (!value) return 0n
  if (value.kind === 'const') return value.value
  const bits = value.kind === 'data' && value.data.kind === 'string' ? FLAGS[value.data.value] : undefined
  if (bits !== undefined) return bits
  throw failure(cx, node, 'bad-option', `the flags are 'any', 'noexist' or 'exist', got ${describe(value)}`)
}

/** The helper's result, kept: the call happens where it is written. */
function result({ cx, node }: MapCall, form: Form): Value {
  const span = spanOf(cx, node)
  return intValue(localForm(bind(cx, span, { name: 'result', init: form, type: i64 }), span), i64)
}

function remove(call: MapCall): Value {
  const { cx, node, args } = call
  const key = mapOperand(cx, node, keyType(call), args[0]!)
  return result(call, { kind: 'mapDelete', ...onMap(call), key, span: spanOf(cx, node) })
}

function add(call: MapCall): Value {
  const { cx, node, map, args } = call
  const type = valueType(call)
  if (type.kind !== 'int' || type.bits < 32 || type.order === 'net') {
    throw failure(
      cx,
      node,
      'wrong-map-kind',
      `\`add\` needs values that are integers of 32 or 64 bits; \`${map.name}\` has others`,
      type.kind === 'int' ? 'declare a wider value' : 'look the value up, and add to its field',
    )
  }
  const key = mapOperand(cx, node, keyType(call), args[0]!)
  const amount = args[1]!
  const negative = amount.kind === 'const' && amount.value < 0n
  const given: Value = negative ? { ...amount, value: -amount.value } : amount
  const delta = castForm(cx, node, assignable(cx, node, given, { type: plain(type), what: 'the amount' }), type)
  emit(cx, { kind: 'mapAdd', ...onMap(call), key, delta, op: negative ? 'sub' : 'add', span: spanOf(cx, node) })
  return VOID_VALUE
}

// --- records

function recordType(call: MapCall): Type {
  if (call.def.record) return call.def.record
  throw refuse(call, 'records', 'use `set(key, value)`')
}

const mapRef = ({ cx, node, map }: MapCall): Form => ({ kind: 'mapRef', map, span: spanOf(cx, node) })

function helper({ cx, node }: MapCall, name: HelperName, args: readonly Form[]): Form {
  return { kind: 'call', helper: name, args, span: spanOf(cx, node) }
}

function reserve(call: MapCall): Value {
  const { cx, node } = call
  const type = recordType(call)
  if (call.map.type !== 'ringbuf') throw refuse(call, '`reserve`', 'use `output(ctx, record)`')
  const span = spanOf(cx, node)
  const form = helper(call, 'ringbuf_reserve', [mapRef(call), constForm(sizeOf(type), span), constForm(0, span)])
  const ref = bindRef(cx, node, form, { type, space: 'ringbuf', nullable: true, name: 'record' })
  return { ...ref, record: true }
}

/** `record.submit()`, `record.discard()`. */
export function release(
  cx: Cx,
  node: Node,
  ref: RefValue,
  { name, flags }: { name: 'submit' | 'discard'; flags: Value | undefined },
): Value {
  const span = spanOf(cx, node)
  const bits = flags
    ? castForm(cx, node, assignable(cx, node, flags, { type: u32, what: 'the flags' }), u32)
    : constForm(0, span)
  const helperName = name === 'submit' ? 'ringbuf_submit' : 'ringbuf_discard'
  emit(cx, { kind: 'call', helper: helperName, args: [ref.ptr, bits], span })
  return VOID_VALUE
}

function output(call: MapCall): Value {
  const { cx, node, map, args } = call
  const type = recordType(call)
  const span = spanOf(cx, node)
  const size = constForm(sizeOf(type), span)
  if (map.type === 'perf_event_array') {
    if (args[0]?.kind !== 'ctx' || !args[1]) {
      throw failure(
        cx,
        node,
        'wrong-argument-count',
        '`output` of a perf event array needs the context and a record',
        'usage: output(ctx, record)',
      )
    }
    const record = memoryOf(cx, node, type, args[1])
    // BPF_F_CURRENT_CPU
    const flags = constForm(0xffff_ffffn, span)
    return result(
      call,
      helper(call, 'perf_event_output', [{ kind: 'ctx', span }, mapRef(call), flags, addressForm(record), size]),
    )
  }
  const record = memoryOf(cx, node, type, args[0]!)
  const flags = constForm(flagBits(call, args[1]), span)
  return result(call, helper(call, 'ringbuf_output', [mapRef(call), addressForm(record), size, flags]))
}

// --- queues, bloom filters, tail calls

function push(call: MapCall): Value {
  const { cx, node, args } = call
  const value = memoryOf(cx, node, valueType(call), args[0]!)
  return result(call, helper(call, 'map_push_elem', [mapRef(call), addressForm(value), constForm(0, spanOf(cx, node))]))
}

/** Is the value in the filter? The helper gives 0 when it is. */
function found(call: MapCall, name: HelperName): Value {
  const { cx, node, args } = call
  const span = spanOf(cx, node)
  const value = memoryOf(cx, node, valueType(call), args[0]!)
  const status = bind(cx, span, { name: 'status', init: helper(call, name, [mapRef(call), addressForm(value)]) })
  return boolValue({ kind: 'compare', pred: 'eq', left: localForm(status, span), right: constForm(0, span), span })
}

/** Copies an element to the stack; the reference is null when there was none. */
function take(call: MapCall, name: HelperName): Value {
  const { cx, node, map } = call
  const span = spanOf(cx, node)
  const type = valueType(call)
  if (map.type !== 'queue' && map.type !== 'stack') throw refuse(call, 'order to take elements in', 'use `get(key)`')
  const ref = stackRef(cx, node, type, { name: 'element', zeroed: true })
  const status = bind(cx, span, { name: 'status', init: helper(call, name, [mapRef(call), addressForm(ref)]) })
  const test: Form = { kind: 'compare', pred: 'eq', left: localForm(status, span), right: constForm(0, span), span }
  return { ...ref, nullness: { key: {}, test } }
}

function tailCall(call: MapCall): Value {
  const { cx, node, map, args } = call
  if (map.type !== 'prog_array') throw refuse(call, 'programs', 'tail calls need a `map.progArray(...)`')
  if (args[0]?.kind !== 'ctx') {
    throw failure(
      cx,
      node,
      'wrong-kind',
      'the first argument of `tailCall` is the context',
      'usage: tailCall(ctx, index)',
    )
  }
  const index = castForm(cx, node, assignable(cx, node, args[1]!, { type: u32, what: 'the index' }), u32)
  emit(cx, { kind: 'tailCall', map, index, span: spanOf(cx, node) })
  return VOID_VALUE
}
