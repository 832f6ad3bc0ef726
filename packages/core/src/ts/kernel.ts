/**
 * Structs of the running kernel: `Task.at(bpf.getCurrentTask()).realParent.pid`. A field is read when it is asked for;
 * its offset is a question to the kernel at load time (CO-RE).
 *
 * Where the verifier knows the pointer (arguments of fentry, tp_btf, LSM hooks; `getCurrentTaskBtf`) numbers and pointers
 * are plain loads; elsewhere, and for arrays and whole structs, `probe_read_kernel` copies, which gives 0 for an address
 * that cannot be read. With BTF at hand at build time the schema is held against it; without, the schema is believed.
 */
import { findField, findStruct, openKernelBtf, scalarOf } from '../btf/kernel-types.ts'
import { readBtf } from '../btf/reader.ts'
import { invariant } from '../diag/diagnostic.ts'
import { toSnakeName } from '../dsl/names.ts'
import type { KernelStructDef } from '../dsl/schema.ts'
import type { Form } from '../forms/node.ts'
import { nearName } from '../runtime/near.ts'
import { type CoreField, type CoreStruct, type CoreType, coreOffset, coreSize } from '../types/core-query.ts'
import { sizeOf } from '../types/layout.ts'
import type { IntType, Type } from '../types/types.ts'
import { scalarName, u64 } from '../types/types.ts'
import type { Node } from './ast.ts'
import type { Cx, Unit } from './context.ts'
import { bind, constForm, emit, failure, localForm, spanOf } from './context.ts'
import { castForm, describe, describeType, numberOf, plain, typeOfNum } from './integers.ts'
import { addressForm, readPlace, scalarValue, stackRef, usable } from './memory.ts'
import type { KernelValue, Value } from './value.ts'
import { boolValue } from './value.ts'

/** Locals for copies of kernel memory come from the 512 bytes of stack (MAX_BPF_STACK, include/linux/filter.h). */
const LARGEST_COPY = 256

/** Sizes of structs whose BTF is not at hand: anything that holds their members; offsets are the kernel's to tell. */
const UNKNOWN_SIZE = { root: 1 << 16, inner: 1 << 12 }

export const isKernelStruct = (type: Type | KernelStructDef): type is KernelStructDef => type.kind === 'kernelStruct'

/** `Task.at(address)`, `Task.has('field')`. */
export function kernelMethod(
  cx: Cx,
  node: Node,
  { def, name }: { def: KernelStructDef; name: string },
  args: readonly Value[],
): Value {
  const [arg] = args
  if ((name !== 'at' && name !== 'has') || args.length !== 1 || !arg) {
    const code = name === 'at' || name === 'has' ? 'wrong-argument-count' : 'unknown-form'
    const message = `a kernel struct has the methods \`at(address)\` and \`has(field)\`, not \`${name}\` with ${args.length} arguments`
    throw failure(cx, node, code, message, 'for example `Task.at(bpf.getCurrentTask())`')
  }
  return name === 'at' ? view(cx, node, def, arg) : fieldExists(cx, node, def, arg)
}

function view(cx: Cx, node: Node, def: KernelStructDef, value: Value): KernelValue {
  const direct = value.kind === 'kernel' ? value.direct : value.kind === 'ref' && value.space === 'btf'
  return kernelValue(cx, node, def, { ptr: addressOf(cx, node, value), direct })
}

/** A struct at an address that is evaluated here, once. */
export function kernelValue(
  cx: Cx,
  node: Node,
  def: KernelStructDef,
  { ptr, direct }: { ptr: Form; direct: boolean },
): KernelValue {
  const span = spanOf(cx, node)
  const local = localForm(bind(cx, span, { name: def.struct, init: ptr }), span)
  return { kind: 'kernel', def, ptr: local, root: structOf(cx, def), steps: [], direct }
}

function addressOf(cx: Cx, node: Node, value: Value): Form {
  if (value.kind === 'kernel') return kernelAddress(cx, node, value)
  if (value.kind === 'ref') return addressForm(usable(cx, node, value))
  if (value.kind === 'ctx') return { kind: 'ctx', span: spanOf(cx, node) }
  if (value.kind !== 'int' && value.kind !== 'const') {
    throw failure(cx, node, 'wrong-kind', `an address was expected, got ${describe(value)}`)
  }
  const num = numberOf(cx, node, value)
  return castForm(cx, node, num, num.kind === 'const' ? u64 : typeOfNum(num))
}

/** Where the struct is, as helpers take it. */
export function kernelAddress(cx: Cx, node: Node, value: KernelValue): Form {
  if (value.steps.length === 0) return value.ptr
  return { kind: 'binary', op: 'add', left: value.ptr, right: offsetForm(cx, node, value), span: spanOf(cx, node) }
}

/** An embedded struct is there when the one around it is. */
export const kernelTest = (value: KernelValue): Form | undefined => (value.steps.length === 0 ? value.ptr : undefined)

function offsetForm(cx: Cx, node: Node, field: CoreField): Extract<Form, { kind: 'coreConst' }> {
  const value = BigInt(coreOffset(field))
  return { kind: 'coreConst', query: { kind: 'fieldOffset', field }, value, span: spanOf(cx, node) }
}

// --- fields

export function kernelMember(cx: Cx, node: Node, value: KernelValue, key: string): Value {
  const { def, direct } = value
  const type = fieldType(cx, node, def, key)
  const field = coreField(cx, node, value, { key, type })
  if (isKernelStruct(type)) {
    if (!type.pointer) return { ...value, def: type, root: field.root, steps: field.steps }
    const ptr = direct
      ? directLoad(cx, node, value.ptr, { type: u64, field, isPointer: true })
      : pointer(cx, node, value, field)
    return kernelValue(cx, node, { ...type, pointer: false }, { ptr, direct })
  }
  if (type.kind === 'int' && direct) {
    return scalarValue(cx, node, type, directLoad(cx, node, value.ptr, { type: plain(type), field, isPointer: false }))
  }
  return probed(cx, node, type, kernelAddress(cx, node, { ...value, ...field }))
}

function didYouMean(wrong: string, names: readonly string[]): string | undefined {
  const close = nearName(wrong, names)
  return close === undefined ? undefined : `did you mean \`${close}\`?`
}

function fieldType(cx: Cx, node: Node, def: KernelStructDef, key: string): Type | KernelStructDef {
  const type = def.fields.get(key)
  if (type) return type
  const known = [...def.fields.keys()]
  throw failure(
    cx,
    node,
    'unknown-field',
    `the schema of the kernel's \`${def.struct}\` has no field \`${key}\``,
    didYouMean(key, known) ?? `add it: kernel('${def.struct}', { ${[...known.slice(0, 3), key].join(', ')}: ... })`,
  )
}

function directLoad(
  cx: Cx,
  node: Node,
  ptr: Form,
  { type, field, isPointer }: { type: IntType; field: CoreField; isPointer: boolean },
): Form {
  const offset = offsetForm(cx, node, field)
  return { kind: 'coreLoad', type, ptr, offset, ...(isPointer && { space: 'btf' as const }), span: spanOf(cx, node) }
}

function pointer(cx: Cx, node: Node, value: KernelValue, field: CoreField): Form {
  const read = probed(cx, node, u64, kernelAddress(cx, node, { ...value, ...field }))
  invariant(read.kind === 'int', 'ts: an address is a number')
  return read.form
}

/** A copy on the stack. */
function probed(cx: Cx, node: Node, type: Type, address: Form): Value {
  const size = sizeOf(type)
  if (size > LARGEST_COPY) {
    const message = `${describeType(type)} has ${size} bytes; at most ${LARGEST_COPY} are copied to the stack`
    throw failure(cx, node, 'size-mismatch', message, 'name a field inside it, or read it with `bpf.probeReadKernel`')
  }
  const ref = stackRef(cx, node, type, { name: 'kernel', zeroed: false })
  const args = [ref.ptr, constForm(size, spanOf(cx, node)), address]
  emit(cx, { kind: 'call', helper: 'probe_read_kernel', args, span: spanOf(cx, node) })
  return readPlace(cx, node, ref)
}

// --- the kernel's types

function kernelTypes({ host }: Unit) {
  const bytes = host.kernelBtf?.()
  return bytes && openKernelBtf(bytes, readBtf)
}

export function structOf({ unit }: Cx, def: KernelStructDef): CoreStruct {
  const btf = kernelTypes(unit)
  return (btf && findStruct(btf, def.struct)?.type) ?? { kind: 'struct', name: def.struct, size: UNKNOWN_SIZE.root }
}

interface Wanted {
  /** As the user wrote it. */
  readonly key: string
  readonly type: Type | KernelStructDef
}

const memberNames = (value: KernelValue): string[] =>
  value.steps.flatMap((step) => (step.kind === 'member' ? [step.name] : []))
const askedName = (value: Pick<KernelValue, 'root'>, names: readonly string[]): string =>
  [value.root.name, ...names].join('.')

/** The way to a field: by the BTF at hand, checked against the schema, or as the schema has it. */
function coreField(cx: Cx, node: Node, value: KernelValue, wanted: Wanted): CoreField {
  const { root, steps } = value
  const believed = (): CoreField => {
    const type = coreTypeFor(wanted.type)
    return { root, steps: [...steps, { kind: 'member', name: toSnakeName(wanted.key), offset: 0, type }] }
  }
  const btf = kernelTypes(cx.unit)
  const struct = btf && findStruct(btf, root.name)
  if (!btf) return believed()
  if (!struct) {
    throw failure(cx, node, 'unknown-struct', `the kernel has no struct or union named \`${root.name}\``)
  }
  const before = memberNames(value)
  const found = [wanted.key, toSnakeName(wanted.key)].map((name) => findField(btf, struct, [...before, name]))
  const field = found.find((f) => !('problem' in f))
  if (field && !('problem' in field)) {
    checkSchema(cx, node, field, wanted)
    return field
  }
  // A program that asks whether the field exists is compiled for kernels that have it, too.
  if (cx.unit.askedFields.has(askedName(value, [...before, toSnakeName(wanted.key)]))) return believed()
  const problem = found[0]!
  invariant('problem' in problem, 'ts: a field that was not found has a problem')
  throw failure(
    cx,
    node,
    problem.problem === 'unknown' ? 'unknown-field' : 'unsupported',
    problem.problem === 'unknown'
      ? `the kernel's \`${problem.inside}\` has no field \`${wanted.key}\``
      : `the field \`${wanted.key}\` of \`${problem.inside}\` is a bitfield or of a type that programs cannot hold`,
    didYouMean(toSnakeName(wanted.key), problem.known) ??
      'where only some kernels have it, ask first: `if (S.has(...))`',
  )
}

function coreTypeFor(type: Type | KernelStructDef): CoreType {
  switch (type.kind) {
    case 'kernelStruct': {
      const struct: CoreStruct = { kind: 'struct', name: type.struct, size: UNKNOWN_SIZE.inner }
      return type.pointer ? { kind: 'ptr', struct } : struct
    }
    case 'int':
      return { kind: 'int', type }
    case 'array':
      return { kind: 'array', element: coreTypeFor(type.element), length: type.length }
    default:
      return { kind: type.kind, name: '', size: type.size }
  }
}

/** Widths must agree: a read of 8 bytes where the kernel has 4 would give the neighbour, too. */
function checkSchema(cx: Cx, node: Node, field: CoreField, { key, type }: Wanted): void {
  const actual = field.steps.at(-1)!.type
  const scalar = scalarOf(actual)
  const mismatch = (is: string, hint?: string) =>
    failure(
      cx,
      node,
      'size-mismatch',
      `the schema says that \`${key}\` is ${shown(type)}, but in the kernel it is ${is}`,
      hint,
    )
  if (isKernelStruct(type)) {
    const isStruct = actual.kind === 'struct' || actual.kind === 'union'
    if (type.pointer ? actual.kind === 'ptr' : isStruct) return
    throw mismatch(
      actual.kind === 'ptr' ? 'a pointer' : isStruct ? 'the struct itself' : 'no struct',
      type.pointer ? 'leave out `.pointer`' : "write `kernel('...', { .. }).pointer` for a pointer",
    )
  }
  if (type.kind === 'int') {
    if (scalar && scalar.bits === type.bits) return
    throw mismatch(
      scalar ? `${scalarName(scalar)}` : `of ${coreSize(actual)} bytes`,
      scalar && `write ${scalarName(scalar)}`,
    )
  }
  if (sizeOf(type) > coreSize(actual)) throw mismatch(`only ${coreSize(actual)} bytes long`)
}

function shown(type: Type | KernelStructDef): string {
  if (isKernelStruct(type)) return type.pointer ? 'a pointer to a struct' : 'a struct'
  return describeType(type)
}

/** 1 when the kernel that loads the program has the field. */
function fieldExists(cx: Cx, node: Node, def: KernelStructDef, value: Value): Value {
  const key = value.kind === 'data' && value.data.kind === 'string' ? value.data.value : undefined
  if (key === undefined) {
    throw failure(cx, node, 'not-constant', '`has` takes the name of a field, known at compile time')
  }
  const type = fieldType(cx, node, def, key)
  const root = structOf(cx, def)
  const name = toSnakeName(key)
  cx.unit.askedFields.add(askedName({ root }, [name]))
  const btf = kernelTypes(cx.unit)
  const struct = btf && findStruct(btf, root.name)
  const known = struct && findField(btf, struct, [name])
  const field: CoreField =
    known && !('problem' in known)
      ? known
      : { root, steps: [{ kind: 'member', name, offset: 0, type: coreTypeFor(type) }] }
  return boolValue({ kind: 'coreConst', query: { kind: 'fieldExists', field }, value: 1n, span: spanOf(cx, node) })
}
