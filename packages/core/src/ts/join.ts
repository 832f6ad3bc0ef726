/**
 * One value out of several paths (`a ? b : c`, the returns of an inlined function): decides what it is and brings each
 * path's value into that shape.
 */
import type { Form, Local } from '../forms/node.ts'
import type { IntType } from '../types/types.ts'
import { u8 } from '../types/types.ts'
import type { Node } from './ast.ts'
import { sameLayout } from './construct.ts'
import type { Cx } from './context.ts'
import { bind, constForm, failure, knows, localForm, spanOf } from './context.ts'
import { castForm, commonType, describe, type Num } from './integers.ts'
import { kernelAddress, kernelValue } from './kernel.ts'
import { nullableForm } from './memory.ts'
import type { KernelValue, RefValue, Value } from './value.ts'
import { boolValue, constValue, intValue, NULL_VALUE, VOID_VALUE } from './value.ts'

export interface Joined {
  /** The value of one path as a form; absent when there is nothing to pass. Called where the path's own names are known. */
  readonly form: ((value: Value) => Form) | undefined
  /** The joined value, given the form that has it. */
  readonly value: (form: Form) => Value
}

const BOOL: IntType = { ...u8, display: 'bool' }
export const boolLocalType = BOOL

export function join(cx: Cx, node: Node, values: readonly Value[]): Joined {
  const [first, ...rest] = values
  if (!first || values.every((v) => v.kind === 'void')) return { form: undefined, value: () => VOID_VALUE }
  if (rest.every((v) => isSame(v, first))) return { form: undefined, value: () => first }
  if (values.every(isTruth)) return joinTruths(cx, node)
  if (values.every((v) => v.kind === 'const' || v.kind === 'int')) return joinNumbers(cx, node, values as Num[])
  if (values.every((v) => v.kind === 'kernel' || v.kind === 'null')) return joinKernel(cx, node, values)
  if (values.every((v) => v.kind === 'ref' || v.kind === 'null')) return joinRefs(cx, node, values)
  const kinds = [...new Set(values.map(describe))].join(' and ')
  throw failure(
    cx,
    node,
    'wrong-kind',
    `the paths give different kinds of values: ${kinds}`,
    'give numbers on all paths, or references to one type',
  )
}

/** The same compile-time value. */
function isSame(a: Value, b: Value): boolean {
  if (a === b) return true
  if (a.kind === 'const' && b.kind === 'const') return a.value === b.value && a.type === b.type
  if (a.kind !== 'data' || b.kind !== 'data') return a.kind === 'null' && b.kind === 'null'
  if (a.data === b.data) return true
  return (
    (a.data.kind === 'boolean' || a.data.kind === 'string') &&
    a.data.kind === b.data.kind &&
    a.data.value === b.data.value
  )
}

const isTruth = (v: Value): boolean => v.kind === 'bool' || (v.kind === 'data' && v.data.kind === 'boolean')

function holder(cx: Cx, node: Node, form: Form, type?: IntType): { local: Local; form: Form } {
  const span = spanOf(cx, node)
  const local = bind(cx, span, { name: 'result', init: form, ...(type ? { type } : {}) })
  return { local, form: localForm(local, span) }
}

function joinTruths(cx: Cx, node: Node): Joined {
  return {
    form: (v) =>
      v.kind === 'bool'
        ? v.form
        : constForm(v.kind === 'data' && v.data.kind === 'boolean' && v.data.value ? 1 : 0, spanOf(cx, node)),
    value: (form) => boolValue(holder(cx, node, form, BOOL).form),
  }
}

function joinNumbers(cx: Cx, node: Node, values: readonly Num[]): Joined {
  const type = values.slice(1).reduce<Num>((a, b) => merged(cx, node, a, b), values[0]!).type
  const common = type ?? commonType(cx, node, 'join', [values[0]!, values[0]!])
  return {
    form: (v) => castForm(cx, node, v as Num, common), // all are numbers
    value: (form) => intValue(holder(cx, node, form, common).form, common),
  }
}

/** Stands for both in what follows: only its type counts, or its value when it is a literal. */
function merged(cx: Cx, node: Node, a: Num, b: Num): Num {
  const type = commonType(cx, node, 'a choice', [a, b])
  if (a.type || b.type) return intValue(constForm(0, spanOf(cx, node)), type)
  const literals = [a as { value: bigint }, b as { value: bigint }] // literals have no type
  const [low, high] = literals.map(({ value }) => value).sort((p, q) => (p < q ? -1 : 1))
  return low! < 0n ? intValue(constForm(0, spanOf(cx, node)), type) : constValue(high!)
}

function joinKernel(cx: Cx, node: Node, values: readonly Value[]): Joined {
  const all = values.filter((v): v is KernelValue => v.kind === 'kernel')
  const [first] = all
  if (!first) return { form: undefined, value: () => NULL_VALUE }
  const other = all.find((v) => v.def.struct !== first.def.struct)
  if (other) {
    const message = `the paths give ${describe(first)} and ${describe(other)}`
    throw failure(cx, node, 'wrong-kind', message, 'use two variables')
  }
  const direct = all.length === values.length && all.every((v) => v.direct)
  return {
    form: (v) => (v.kind === 'kernel' ? kernelAddress(cx, node, v) : constForm(0, spanOf(cx, node))),
    value: (form) => kernelValue(cx, node, first.def, { ptr: form, direct }),
  }
}

function joinRefs(cx: Cx, node: Node, values: readonly Value[]): Joined {
  const refs = values.filter((v): v is RefValue => v.kind === 'ref')
  const [first] = refs
  if (!first) return { form: undefined, value: () => NULL_VALUE }
  const other = refs.find((r) => r.space !== first.space || !sameLayout(r.type, first.type))
  if (other) {
    throw failure(
      cx,
      node,
      'wrong-kind',
      `the paths give ${describe(first)} and ${describe(other)} of another kind`,
      'use two variables',
    )
  }
  const nullable = refs.length < values.length || refs.some((r) => r.nullness && !knows(cx, r.nullness.key))
  return {
    form: (v) => (v.kind === 'ref' ? nullableForm(cx, v) : constForm(0, spanOf(cx, node))),
    value: (form) => {
      const { form: ptr } = holder(cx, node, form)
      const nullness = nullable ? { key: {}, test: ptr } : undefined
      return { kind: 'ref', type: first.type, ptr, offset: 0, space: first.space, nullness }
    },
  }
}
