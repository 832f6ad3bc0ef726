/** Names of a kernel function: its own variables first, then what it captured. */
import type { Captured } from '../dsl/capture.ts'
import type { IntType } from '../types/types.ts'
import type { Identifier, Node, TypeAnnotation } from './ast.ts'
import type { Cx, Scope } from './context.ts'
import { failure, localForm, Reported, spanOf } from './context.ts'
import { describe, plain } from './integers.ts'
import type { Slot, Value } from './value.ts'
import { boolValue, constValue, dataValue, intValue, NULL_VALUE } from './value.ts'

/** Global names of JavaScript that a kernel function may want to use, and what to do instead. */
const GLOBALS: Readonly<Record<string, string>> = {
  console: 'use `bpf.printk(format, ...numbers)`',
  Math: 'compute constants at module level; in the kernel use comparisons and integer operators',
  Date: 'use `bpf.ktimeGetNs()`',
  Number: 'numbers are integers already; cast with `u32(x)`',
  BigInt: 'cast with `u64(x)`',
  String: 'strings do not exist in the kernel',
  JSON: 'send a struct through a ring buffer and format it in user space',
  process: 'read it at module level',
  Array: 'use the schema `array(u8, n)`',
  Map: 'use `map.hash(...)` at module level',
  Set: 'use `map.hash(...)` at module level',
  setTimeout: 'timers of the kernel are BPF timers',
  fetch: 'do this in user space',
}

export function findSlot(scope: Scope | undefined, name: string): Slot | undefined {
  for (let s = scope; s; s = s.parent) {
    const slot = s.names.get(name)
    if (slot) return slot
  }
  return undefined
}

/** The value that a name has here. */
export function lookup(cx: Cx, node: Identifier): Value {
  const slot = findSlot(cx.scope, node.name)
  if (slot) return readSlot(cx, node, slot)
  const { captures } = cx.frame
  const captured = captures?.captures.get(node.name)
  if (captured) {
    if (captures!.mutated.includes(node.name)) {
      cx.unit.bag.warn(
        'captured-variable',
        spanOf(cx, node),
        `\`${node.name}\` is assigned outside; the program keeps the value that it had when the module was loaded`,
        { hint: 'declare it with `const`, or make it a `global(u64, 0)` that both sides see' },
      )
    }
    return fromCaptured(cx, node, captured)
  }
  if (node.name === 'undefined') return NULL_VALUE
  const hint = GLOBALS[node.name]
  throw failure(
    cx,
    node,
    'unbound-variable',
    hint ? `\`${node.name}\` does not exist in the kernel` : `\`${node.name}\` is not defined here`,
    hint,
  )
}

function readSlot(cx: Cx, node: Node, slot: Slot): Value {
  switch (slot.kind) {
    case 'value':
      return slot.value
    case 'int':
      return intValue(localForm(slot.local, spanOf(cx, node)), slot.type)
    case 'bool':
      return boolValue(localForm(slot.local, spanOf(cx, node)))
    case 'ref':
    case 'kernel':
      return slot.value
    case 'broken':
      throw new Reported()
  }
}

/** A captured value as lowering sees it; numbers must be integers. */
export function fromCaptured(cx: Cx, node: Node, captured: Captured): Value {
  switch (captured.kind) {
    case 'number':
      if (!Number.isInteger(captured.value)) {
        throw failure(
          cx,
          node,
          'not-compilable',
          `${captured.value} is not an integer; the kernel has no floating point`,
          'scale it: count thousandths, or multiply by a power of two',
        )
      }
      return constValue(BigInt(captured.value))
    case 'bigint':
      return constValue(captured.value)
    case 'null':
    case 'undefined':
      return NULL_VALUE
    case 'opaque':
    case 'failed':
    case 'program':
    case 'objectDef':
      throw failure(
        cx,
        node,
        'not-compilable',
        `${describe(dataValue(captured))} has no meaning in a BPF program`,
        captured.kind === 'program'
          ? 'share code through a function; programs go on in other programs by a tail call'
          : 'captures can be numbers, strings, arrays and objects of those, schemas, maps, globals and functions',
      )
    default:
      return dataValue(captured)
  }
}

/** The integer type that an annotation (`x: u32`) names; undefined: none, or not an integer. */
export function annotatedType(cx: Cx, annotation: TypeAnnotation | null | undefined): IntType | 'boolean' | undefined {
  const type = annotation?.typeAnnotation
  if (!type) return undefined
  if (type.type === 'TSBooleanKeyword') return 'boolean'
  if (type.type !== 'TSTypeReference' || type.typeName?.type !== 'Identifier') return undefined
  const captured = cx.frame.captures?.captures.get(type.typeName.name!)
  return captured?.kind === 'schema' && captured.type.kind === 'int' ? plain(captured.type) : undefined
}
