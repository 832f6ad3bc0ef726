/** `bpf.x(...)`: helpers of the kernel, by the table of helpers; `bpf.printk`. */
import { HELPER_ALIASES } from '../dsl/helper-aliases.ts'
import type { Form } from '../forms/node.ts'
import { HELPER_NAMES, type HelperName, helperByName, helperRow } from '../tables/helpers/index.ts'
import type { HelperRow } from '../tables/helpers/row.ts'
import type { ArgKind } from '../tables/kinds.ts'
import { toCamelName } from '../tables/names.ts'
import { sizeOf } from '../types/layout.ts'
import { i64, SCALARS, u64 } from '../types/types.ts'
import type { Node } from './ast.ts'
import { memoryOf, textOnStack } from './construct.ts'
import type { Cx } from './context.ts'
import { bind, constForm, emit, failure, localForm, spanOf } from './context.ts'
import { objectType } from './ctx.ts'
import { castForm, describe, numberOf, typeOfNum } from './integers.ts'
import { kernelAddress } from './kernel.ts'
import { declOf } from './maps.ts'
import { addressForm, bindRef, bytesType, usable } from './memory.ts'
import { truthAsNumber } from './operators.ts'
import type { RefValue, Value } from './value.ts'
import { intValue, VOID_VALUE } from './value.ts'

/** Helpers that are methods of maps and records. */
const METHODS: Readonly<Partial<Record<HelperName, string>>> = {
  map_lookup_elem: 'counts.get(key)',
  map_update_elem: 'counts.set(key, value)',
  map_delete_elem: 'counts.delete(key)',
  ringbuf_reserve: 'events.reserve()',
  ringbuf_submit: 'record.submit()',
  ringbuf_discard: 'record.discard()',
  tail_call: 'programs.tailCall(ctx, index)',
}

export function helperNamed(name: string): HelperName | undefined {
  return Object.hasOwn(HELPER_ALIASES, name)
    ? HELPER_ALIASES[name as keyof typeof HELPER_ALIASES] // hasOwn checked
    : HELPER_NAMES.find((helper) => toCamelName(helper) === name)
}

export function callHelper(cx: Cx, node: Node, name: string, args: readonly Value[]): Value {
  const helper = helperNamed(name)
  if (!helper) {
    const close = helperByName(name)
    const hint = close
      ? `did you mean \`bpf.${toCamelName(close)}\`?`
      : 'names are those of the kernel in camel case: `bpf.ktimeGetNs()`'
    throw failure(cx, node, 'unknown-form', `the kernel has no helper \`${name}\``, hint)
  }
  const method = METHODS[helper]
  if (method) throw failure(cx, node, 'unknown-form', `\`bpf.${name}\` is not called by name`, `write \`${method}\``)
  if (helper === 'trace_printk') return printk(cx, node, args)
  const row = helperRow(helper)
  const forms = argumentsOf({ cx, node, name, row }, args)
  if (row.effects.invalidatesPacket) cx.packetEpoch = {}
  return resultOf(cx, node, { helper, row, forms })
}

interface HelperCall {
  readonly cx: Cx
  readonly node: Node
  readonly name: string
  readonly row: HelperRow
}

/** What the user gives, in order: a size that belongs to a piece of memory is not given. */
function given(row: HelperRow): ArgKind[] {
  const paired = new Map(
    row.args.flatMap((arg, i) => (arg.kind === 'mem' && arg.size !== undefined ? [[i, arg.size]] : [])),
  )
  const skipped = new Set([...paired].map(([memory, size]) => Math.max(memory, size)))
  return row.args.flatMap((arg, i) => {
    if (skipped.has(i)) return []
    const memory = [...paired].find(([, size]) => size === i)?.[0]
    return [memory === undefined ? arg : row.args[memory]!]
  })
}

function argumentsOf(call: HelperCall, args: readonly Value[]): Form[] {
  const { cx, node, name, row } = call
  const wanted = given(row)
  const isNeeded = (arg: ArgKind): boolean => arg.kind !== 'int' && !('nullable' in arg && arg.nullable)
  const fewest = wanted.length - [...wanted].reverse().findIndex(isNeeded)
  const least = wanted.some(isNeeded) ? fewest : 0
  if (args.length > wanted.length || args.length < least) {
    const usage = `usage: bpf.${name}(${wanted.map((arg) => toCamelName(arg.name)).join(', ')})`
    throw failure(cx, node, 'wrong-argument-count', `\`bpf.${name}\` got ${args.length} arguments`, usage)
  }
  const forms = new Map<ArgKind, Form>()
  for (const [i, arg] of wanted.entries()) {
    const value = args[i] ?? { kind: 'null' as const }
    if (arg.kind === 'mem') addMemory(call, forms, { arg, value })
    else forms.set(arg, argument(call, { arg, value, args }))
  }
  return row.args.map((arg) => forms.get(arg)!)
}

type MemArg = Extract<ArgKind, { kind: 'mem' }>

function addMemory(
  { cx, node, name, row }: HelperCall,
  forms: Map<ArgKind, Form>,
  { arg, value }: { arg: MemArg; value: Value },
): void {
  const span = spanOf(cx, node)
  const size = arg.size === undefined ? undefined : row.args[arg.size]!
  if (value.kind === 'null' && arg.nullable) {
    forms.set(arg, constForm(0, span))
    if (size) forms.set(size, constForm(0, span))
    return
  }
  const ref = memoryArgument(cx, node, value)
  if (!ref) {
    throw failure(
      cx,
      node,
      'wrong-kind',
      `argument \`${toCamelName(arg.name)}\` of \`bpf.${name}\` is memory: a struct, an array or a view; got ${describe(value)}`,
    )
  }
  if (arg.bytes !== undefined && sizeOf(ref.type) < arg.bytes) {
    throw failure(
      cx,
      node,
      'size-mismatch',
      `argument \`${toCamelName(arg.name)}\` of \`bpf.${name}\` has ${arg.bytes} bytes; this has ${sizeOf(ref.type)}`,
    )
  }
  forms.set(arg, addressForm(ref))
  if (size) forms.set(size, constForm(sizeOf(ref.type), span))
}

function memoryArgument(cx: Cx, node: Node, value: Value): RefValue | undefined {
  if (value.kind === 'ref') return usable(cx, node, value)
  if (value.kind === 'data' && value.data.kind === 'string') return textOnStack(cx, node, value.data.value)
  if (value.kind === 'int') return memoryOf(cx, node, value.type, value)
  return undefined
}

interface Argument {
  readonly arg: ArgKind
  readonly value: Value
  readonly args: readonly Value[]
}

function argument(call: HelperCall, { arg, value, args }: Argument): Form {
  const { cx, node, name } = call
  const span = spanOf(cx, node)
  const wrong = (expected: string) =>
    failure(
      cx,
      node,
      'wrong-kind',
      `argument \`${toCamelName(arg.name)}\` of \`bpf.${name}\` is ${expected}; got ${describe(value)}`,
    )
  switch (arg.kind) {
    case 'ctx':
      if (value.kind === 'ctx') return { kind: 'ctx', span }
      if (value.kind === 'null' && arg.nullable) return constForm(0, span)
      if (value.kind === 'ref' && arg.socketIn) return addressForm(usable(cx, node, value))
      throw wrong('the context')
    case 'map':
      if (value.kind !== 'data' || value.data.kind !== 'map') throw wrong('a map')
      return { kind: 'mapRef', map: declOf(cx, node, value.data), span }
    case 'mapKey':
    case 'mapValue': {
      const map = args.find((a) => a.kind === 'data' && a.data.kind === 'map')
      const def = map?.kind === 'data' && map.data.kind === 'map' ? map.data : undefined
      const type = arg.kind === 'mapKey' ? def?.key : (def?.value ?? def?.record)
      if (!type) throw wrong(arg.kind === 'mapKey' ? 'a key of the map' : 'a value of the map')
      return addressForm(memoryOf(cx, node, type, value))
    }
    case 'record':
      if (value.kind !== 'ref' || value.space !== 'ringbuf') throw wrong('a reserved record')
      return addressForm(usable(cx, node, value))
    case 'address':
    case 'typed':
      if (value.kind === 'kernel') return kernelAddress(cx, node, value)
      if (value.kind === 'ref') return addressForm(usable(cx, node, value))
      if (value.kind === 'ctx') return { kind: 'ctx', span }
      return number(cx, node, value)
    case 'int':
    case 'size':
    case 'mem':
      return number(cx, node, value)
  }
}

function number(cx: Cx, node: Node, value: Value): Form {
  if (value.kind === 'null') return constForm(0, spanOf(cx, node))
  const num = truthAsNumber(cx, node, value) ?? numberOf(cx, node, value)
  return castForm(
    cx,
    node,
    num,
    num.kind === 'const' && num.value < 0n ? i64 : num.kind === 'const' ? u64 : typeOfNum(num),
  )
}

function resultOf(
  cx: Cx,
  node: Node,
  { helper, row, forms }: { helper: HelperName; row: HelperRow; forms: readonly Form[] },
): Value {
  const span = spanOf(cx, node)
  const { ret } = row
  const form: Form = { kind: 'call', helper, args: forms, span }
  const name = toCamelName(helper)
  switch (ret.kind) {
    case 'void':
      emit(cx, form)
      return VOID_VALUE
    case 'int': {
      const type = SCALARS[`${ret.signed ? 'i' : 'u'}${ret.bits}`]
      return intValue(localForm(bind(cx, span, { name, init: form, type }), span), type)
    }
    case 'mapValueOrNull': {
      const map = forms[ret.map]
      const type = map?.kind === 'mapRef' ? map.map.valueType : undefined
      return bindRef(cx, node, form, { type: type ?? bytesType(8), space: 'mapValue', nullable: true, name })
    }
    case 'recordOrNull':
      return {
        ...bindRef(cx, node, form, { type: bytesType(8), space: 'ringbuf', nullable: true, name }),
        record: true,
      }
    case 'ptr':
      return bindRef(cx, node, form, { type: objectType(ret.of), space: ret.space, nullable: ret.nullable, name })
  }
}

/** The format lies on the stack; up to three numbers (bpf_trace_printk, kernel/trace/bpf_trace.c, 6.18). */
function printk(cx: Cx, node: Node, [format, ...args]: readonly Value[]): Value {
  if (format?.kind !== 'data' || format.data.kind !== 'string') {
    throw failure(
      cx,
      node,
      'not-constant',
      'the format of `bpf.printk` is a string that is known at compile time',
      "for example bpf.printk('pid %d', pid)",
    )
  }
  if (args.length > 3) {
    throw failure(
      cx,
      node,
      'wrong-argument-count',
      `\`bpf.printk\` prints at most 3 numbers, got ${args.length}`,
      'use two calls',
    )
  }
  const numbers = args.map((value) => number(cx, node, value))
  const text = textOnStack(cx, node, format.data.value)
  const span = spanOf(cx, node)
  const size = constForm(sizeOf(text.type), span)
  const rest = [0, 1, 2].map((i) => numbers[i] ?? constForm(0, span))
  emit(cx, { kind: 'call', helper: 'trace_printk', args: [text.ptr, size, ...rest], span })
  return VOID_VALUE
}
