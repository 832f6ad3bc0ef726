/**
 * Type inference: the type of every form and local of one program.
 *
 *   in:  core forms
 *   out: Typing; a local bound to a pointer is a pointer, whatever was declared
 *
 * Everything is u64 unless its initialiser says otherwise (load, ctx field, cast, byte swap, helper result). A local's
 * pointer type depends on all its assignments, also on later ones in a loop, so the walk is repeated until nothing changes.
 */
import type { Bag } from '../diag/diagnostic.ts'
import { assertNever, invariant } from '../diag/diagnostic.ts'
import type { KfuncDecl, ProgramDecl } from '../forms/module.ts'
import type { Form, FormOf, Label, Local } from '../forms/node.ts'
import { trailNotes } from '../forms/trail.ts'
import { helperRow } from '../tables/helpers/index.ts'
import type { PtrSpace, ValueType } from '../types/types.ts'
import { ptrTo, SCALARS, u8, u16, u32, u64, VOID } from '../types/types.ts'
import { contextFieldOf } from './context-field.ts'
import { joinTypes, sameType, typesConflict, ZERO } from './join.ts'
import { scalarValueType } from './map-facts.ts'
import type { Typing } from './typing.ts'
import { isPointer, registerType } from './typing.ts'

/** Types only grow, and the lattice is a few steps high; more rounds would be a bug. */
const MAX_ROUNDS = 20

interface State {
  readonly program: ProgramDecl
  readonly forms: Map<Form, ValueType>
  readonly locals: Map<Local, ValueType>
  readonly addressed: Set<Local>
  readonly labels: Map<Label, ValueType>
  readonly byteTypes: Map<Form, ValueType>
  /** Assignments of a number to a local that holds a pointer, or the reverse. */
  readonly conflicts: Map<Form, Local>
  changed: boolean
}

/** `given`: types of a function's parameters. */
export function inferTypes(program: ProgramDecl, bag: Bag, given: ReadonlyMap<Local, ValueType> = new Map()): Typing {
  const state: State = {
    program,
    forms: new Map(),
    locals: new Map(given),
    addressed: new Set(),
    labels: new Map(),
    byteTypes: new Map(),
    conflicts: new Map(),
    changed: true,
  }
  for (let round = 0; state.changed; round++) {
    invariant(round < MAX_ROUNDS, `typed: inference of ${program.name} does not end`)
    state.changed = false
    state.forms.clear()
    state.conflicts.clear()
    infer(state, program.body)
  }
  for (const [form, local] of state.conflicts) {
    bag.error('pointer-misuse', form.span, `\`${local.name}\` holds a pointer in one place and a number in another`, {
      hint: 'use two variables',
      notes: [{ message: 'bound here', span: local.span }, ...trailNotes(form.trail)],
    })
  }
  return state
}

function infer(state: State, form: Form): ValueType {
  const type = inferForm(state, form)
  state.forms.set(form, type)
  return type
}

function inferForm(state: State, form: Form): ValueType {
  switch (form.kind) {
    case 'const':
      return form.value === 0n ? ZERO : (form.type ?? u64)
    case 'coreConst':
      return u64
    case 'local':
      return state.locals.get(form.local) ?? form.local.type ?? u64
    case 'ctx':
      return ptrTo('ctx')
    case 'mapRef':
      return ptrTo('map')
    case 'globalAddr':
      return ptrTo('mapValue', { pointee: form.global.type })
    case 'functionRef':
      return ptrTo('code')
    case 'let':
    case 'set':
    case 'seq':
    case 'if':
    case 'and':
    case 'or':
    case 'not':
    case 'repeat':
    case 'while':
    case 'block':
    case 'leave':
    case 'return':
      return inferControl(state, form)
    case 'binary':
      return inferBinary(state, form)
    case 'negate':
    case 'compare':
      return inferAll(state, form.kind === 'negate' ? [form.value] : [form.left, form.right], u64)
    case 'cast': {
      const type = infer(state, form.value)
      return isPointer(type) && form.type.bits === 64 ? type : registerType(form.type)
    }
    case 'bswap':
      return inferAll(state, [form.value], form.bits === 16 ? u16 : form.bits === 32 ? u32 : u64)
    case 'mapLookup':
    case 'mapGet':
    case 'mapUpdate':
    case 'mapDelete':
    case 'mapAdd':
      return inferMap(state, form)
    case 'call':
      return inferCall(state, form)
    case 'invoke':
      return inferAll(state, form.args, registerType(form.function.result))
    case 'kfunc':
      return inferAll(state, form.args, kfuncResult(form.kfunc))
    case 'tailCall':
      return inferAll(state, [form.index], ZERO)
    case 'asm':
      return u64
    default:
      return inferMemory(state, form)
  }
}

function inferAll(state: State, forms: readonly Form[], result: ValueType): ValueType {
  for (const form of forms) infer(state, form)
  return result
}

type ControlForm = FormOf<
  'let' | 'set' | 'seq' | 'if' | 'and' | 'or' | 'not' | 'repeat' | 'while' | 'block' | 'leave' | 'return'
>

function inferControl(state: State, form: ControlForm): ValueType {
  switch (form.kind) {
    case 'let':
      for (const { local, init } of form.bindings) {
        const type = init ? infer(state, init) : ZERO
        assign(state, local, type, init ?? form)
      }
      return infer(state, form.body)
    case 'set': {
      assign(state, form.local, infer(state, form.value), form)
      return state.locals.get(form.local) ?? u64
    }
    case 'seq':
      return form.forms.reduce<ValueType>((_, child) => infer(state, child), ZERO)
    case 'if': {
      infer(state, form.test)
      const then = infer(state, form.then)
      return joinTypes(then, form.else ? infer(state, form.else) : ZERO)
    }
    case 'and':
      return joinTypes(
        ZERO,
        form.forms.reduce<ValueType>((_, child) => infer(state, child), ZERO),
      )
    case 'or':
      return form.forms.reduce<ValueType>((type, child) => joinTypes(type, infer(state, child)), ZERO)
    case 'not':
      return inferAll(state, [form.value], u64)
    case 'repeat':
      assign(state, form.local, form.local.type ?? u32, form)
      return inferAll(state, [form.body], ZERO)
    case 'while':
      return inferAll(state, [form.test, form.body], ZERO)
    case 'block': {
      const type = infer(state, form.body)
      return joinTypes(type, state.labels.get(form.label) ?? VOID)
    }
    case 'leave': {
      const type = form.value ? infer(state, form.value) : ZERO
      state.labels.set(form.label, joinTypes(state.labels.get(form.label) ?? VOID, type))
      return VOID
    }
    case 'return':
      return inferAll(state, form.value ? [form.value] : [], VOID)
    default:
      return assertNever(form)
  }
}

/**
 * Records a value of a local. The first one (its binding) decides the width when none is declared; a pointer from any
 * assignment makes it a pointer.
 */
function assign(state: State, local: Local, type: ValueType, form: Form): void {
  const old = state.locals.get(local)
  const value = type === VOID ? ZERO : type
  const next = old === undefined ? bindingType(local, value) : assignedType(old, value)
  if (typesConflict(next, value)) state.conflicts.set(form, local)
  if (old && sameType(old, next)) return
  state.locals.set(local, next)
  state.changed = true
}

function bindingType(local: Local, value: ValueType): ValueType {
  return isPointer(value) ? value : (local.type ?? value)
}

function assignedType(old: ValueType, value: ValueType): ValueType {
  if (isPointer(old) || isPointer(value)) return joinTypes(old, value)
  // A local that started as 0 holds any number; a typed one truncates.
  return old === ZERO && value !== ZERO ? u64 : old
}

function inferBinary(state: State, form: FormOf<'binary'>): ValueType {
  const left = infer(state, form.left)
  const right = infer(state, form.right)
  if (form.op === 'add') {
    if (isPointer(left) && !isPointer(right)) return shifted(left)
    if (isPointer(right) && !isPointer(left)) return shifted(right)
  }
  if (form.op === 'sub' && isPointer(left) && !isPointer(right)) return shifted(left)
  return u64
}

/** A pointer into the middle of what `type` points to. */
function shifted(type: ValueType & { kind: 'ptr' }): ValueType {
  // The verifier refuses arithmetic on what may be null, so the sum is not.
  return type.pointee || type.nullable ? ptrTo(type.space) : type
}

/** Pointer to untyped bytes; the same object every time, since pointees are compared by identity. */
function bytesType(
  state: State,
  form: Form,
  { space, nullable, size }: { space: PtrSpace; nullable: boolean; size: number },
): ValueType {
  const known = state.byteTypes.get(form)
  if (known) return known
  const type = ptrTo(space, { nullable, pointee: { kind: 'array', element: u8, length: size } })
  state.byteTypes.set(form, type)
  return type
}

type MemoryForm = FormOf<
  | 'load'
  | 'store'
  | 'coreLoad'
  | 'coreStore'
  | 'ctxLoad'
  | 'ctxStore'
  | 'alloc'
  | 'localAddr'
  | 'atomic'
  | 'memset'
  | 'memcpy'
>

function inferMemory(state: State, form: MemoryForm): ValueType {
  switch (form.kind) {
    case 'load': {
      const held = form.as && state.locals.get(form.as)
      // Whether it was tested, the verifier remembers.
      const pointer = isPointer(held) ? ptrTo(held.space, { pointee: held.pointee }) : undefined
      return inferAll(state, [form.ptr, form.offset], pointer ?? registerType(form.type))
    }
    case 'coreLoad':
      return inferCoreLoad(state, form)
    case 'store':
    case 'coreStore':
      inferAll(state, [form.ptr, form.offset], VOID)
      return infer(state, form.value)
    case 'ctxLoad': {
      const field = contextFieldOf(state.program.type, form)
      return field?.pointer ? ptrTo(field.pointer, { nullable: field.nullable ?? false }) : registerType(form.type)
    }
    case 'ctxStore':
      return infer(state, form.value)
    case 'alloc':
      return form.type
        ? ptrTo('stack', { pointee: form.type })
        : bytesType(state, form, { space: 'stack', nullable: false, size: form.size })
    case 'localAddr':
      state.addressed.add(form.local)
      return ptrTo('stack', { pointee: form.local.type })
    case 'atomic': {
      inferAll(state, [form.ptr, form.offset, ...(form.expected ? [form.expected] : []), form.value], VOID)
      return form.fetch || form.op === 'cmpxchg' ? registerType(form.type) : ZERO
    }
    case 'memset':
      return inferAll(state, [form.ptr, form.byte], ZERO)
    case 'memcpy':
      return inferAll(state, [form.dst, form.src], ZERO)
    default:
      return assertNever(form)
  }
}

/** What a kernel object points to is a kernel object to the verifier; a read through anything else gives a number. */
function inferCoreLoad(state: State, form: FormOf<'coreLoad'>): ValueType {
  const base = infer(state, form.ptr)
  infer(state, form.offset)
  if (!form.space || (form.space === 'btf' && !(isPointer(base) && base.space === 'btf')))
    return registerType(form.type)
  return ptrTo(form.space)
}

function inferMap(
  state: State,
  form: FormOf<'mapLookup' | 'mapGet' | 'mapUpdate' | 'mapDelete' | 'mapAdd'>,
): ValueType {
  if (form.via) infer(state, form.via)
  infer(state, form.key.kind === 'scalar' ? form.key.value : form.key.ptr)
  switch (form.kind) {
    case 'mapLookup':
    case 'mapGet': {
      if (form.map.inner) return ptrTo('map', { nullable: true })
      const scalar = scalarValueType(form.map)
      if (form.kind === 'mapGet' && scalar) return registerType(scalar)
      return ptrTo('mapValue', { nullable: true, pointee: form.map.valueType })
    }
    case 'mapUpdate':
      return inferAll(state, [form.value.kind === 'scalar' ? form.value.value : form.value.ptr, form.flags], u64)
    case 'mapDelete':
      return u64
    case 'mapAdd':
      return inferAll(state, [form.delta], ZERO)
    default:
      return assertNever(form)
  }
}

function kfuncResult({ result }: KfuncDecl): ValueType {
  if (result === undefined) return ZERO
  return result.kind === 'int' ? registerType(result) : ptrTo('btf', { nullable: true })
}

function inferCall(state: State, form: FormOf<'call'>): ValueType {
  for (const arg of form.args) infer(state, arg)
  const { ret } = helperRow(form.helper)
  switch (ret.kind) {
    case 'int':
      // BPF_CALL_n in include/linux/filter.h (6.18) returns u64: an unsigned result is zero-extended, a signed one
      // (an error code) sign-extended, which is a plain 64-bit value.
      return ret.bits === 32 && !ret.signed ? SCALARS.u32 : u64
    case 'void':
      return ZERO
    case 'mapValueOrNull': {
      const map = form.args[ret.map]
      return ptrTo('mapValue', { nullable: true, pointee: map?.kind === 'mapRef' ? map.map.valueType : undefined })
    }
    case 'recordOrNull': {
      const size = form.args[ret.size]
      return size?.kind === 'const'
        ? bytesType(state, form, { space: 'ringbuf', nullable: true, size: Number(size.value) })
        : ptrTo('ringbuf', { nullable: true })
    }
    case 'ptr':
      return ptrTo(ret.space, { nullable: ret.nullable })
    default:
      return assertNever(ret)
  }
}
