/**
 * What a CO-RE relocation names: a type, and a way into it. The way is read from the object's BTF by numbers (`0:1:2`),
 * and found again in the kernel's BTF by names: through anonymous structs and unions, whatever their order is there.
 * A name that ends in `___anything` means the type without it (bpf_core_essential_name_len, tools/lib/bpf/relo_core.c).
 */
import { badObject } from '../bytes/reader.ts'
import type { CoreRelocationKind } from './core-kinds.ts'
import type { Btf } from './reader.ts'
import type { BtfKind, BtfMember, BtfType, BtfTypeId } from './types.ts'

type Step =
  | { readonly kind: 'member'; readonly name: string; readonly typeId: BtfTypeId }
  | {
      readonly kind: 'index'
      readonly index: number
    }

export interface CoreSpec {
  readonly btf: Btf
  readonly rootId: BtfTypeId
  readonly steps: readonly Step[]
  /** Of the field, from the root's start. */
  readonly bitOffset: number
  /** Width of a bitfield, else 0. */
  readonly bitSize: number
  readonly fieldId: BtfTypeId
  readonly enumName?: string | undefined
  readonly enumValue?: bigint | undefined
}

const MAX_DEPTH = 64

export function specName(spec: CoreSpec): string {
  const root = spec.btf.nameOf(spec.rootId) || 'an anonymous type'
  const steps = spec.steps.map((step) => (step.kind === 'member' ? `.${step.name}` : `[${step.index}]`))
  return root + steps.filter((step, i) => i > 0 || step !== '[0]').join('') + (spec.enumName ? `.${spec.enumName}` : '')
}

export function isFieldKind(kind: CoreRelocationKind): boolean {
  return kind.startsWith('field')
}

export function essentialName(name: string): string {
  const at = name.indexOf('___')
  return at > 0 ? name.slice(0, at) : name
}

/** Reads the way that the access string describes. */
export function localSpec(
  btf: Btf,
  relocation: { readonly kind: CoreRelocationKind; readonly typeId: BtfTypeId; readonly access: string },
): CoreSpec {
  const { kind, typeId, access } = relocation
  const bad = (what: string): never => {
    throw badObject(
      `a CO-RE relocation is corrupt: ${what} in "${access}" of ${btf.nameOf(typeId) || `type ${typeId}`}`,
    )
  }
  if (!/^\d+(:\d+)*$/.test(access) || access.length > 512) return bad('unreadable numbers')
  const numbers = access.split(':').map(Number)
  if (numbers.some((number) => number > 0x7fff_ffff)) return bad('a number that is too large')
  const none = { btf, rootId: typeId, steps: [], bitOffset: 0, bitSize: 0, fieldId: typeId }
  if (kind === 'enumValue' || kind === 'enumValueExists') {
    const type = btf.resolve(typeId)
    const value = type.kind === 'enum' || type.kind === 'enum64' ? type.values[numbers[0]!] : undefined
    return value ? { ...none, enumName: value.name, enumValue: value.value } : bad('no such enumerator')
  }
  if (!isFieldKind(kind)) return none
  const [first, ...rest] = numbers
  let spec: CoreSpec = {
    ...none,
    steps: [{ kind: 'index', index: first! }],
    bitOffset: first! * btf.sizeOf(typeId) * 8,
  }
  for (const number of rest) {
    const type = btf.resolve(spec.fieldId)
    if (type.kind === 'struct' || type.kind === 'union') {
      const member = type.members[number] ?? bad('no such member')
      // An anonymous struct is passed through: the kernel may have others around the field.
      const steps = member.name === '' ? spec.steps : [...spec.steps, memberStep(member)]
      spec = { ...spec, ...fieldOf(spec, member), steps }
    } else if (type.kind === 'array') {
      spec = elementOf(spec, type, number)
    } else {
      return bad('a part of something that has none')
    }
  }
  return spec
}

const memberStep = (member: BtfMember): Step => ({ kind: 'member', name: member.name, typeId: member.type })

function fieldOf(spec: CoreSpec, member: BtfMember): Pick<CoreSpec, 'bitOffset' | 'bitSize' | 'fieldId'> {
  return { bitOffset: spec.bitOffset + member.bitOffset, bitSize: member.bitSize, fieldId: member.type }
}

function elementOf(spec: CoreSpec, array: BtfType & { kind: 'array' }, index: number): CoreSpec {
  return {
    ...spec,
    steps: [...spec.steps, { kind: 'index', index }],
    bitOffset: spec.bitOffset + index * spec.btf.sizeOf(array.type) * 8,
    bitSize: 0,
    fieldId: array.type,
  }
}

/** Types of the kernel with the name and kind of the object's type. */
export function findCandidates(kernel: Btf, local: Btf, typeId: BtfTypeId): BtfTypeId[] {
  const name = essentialName(local.nameOf(typeId))
  if (name === '') return []
  const kind = local.kindOf(typeId)
  return sameKinds(kind).flatMap((each) => kernel.findAll(each, name))
}

function sameKinds(kind: BtfKind): readonly BtfKind[] {
  return kind === 'enum' || kind === 'enum64' ? ['enum', 'enum64'] : [kind]
}

/** The same way in a type of the kernel; undefined when there is none. */
export function matchSpec(
  kernel: Btf,
  id: BtfTypeId,
  { spec, kind }: { readonly spec: CoreSpec; readonly kind: CoreRelocationKind },
): CoreSpec | undefined {
  const none = { btf: kernel, rootId: id, steps: [], bitOffset: 0, bitSize: 0, fieldId: id }
  if (spec.enumName !== undefined) {
    const type = kernel.resolve(id)
    const wanted = essentialName(spec.enumName)
    const found =
      type.kind === 'enum' || type.kind === 'enum64'
        ? type.values.find((value) => essentialName(value.name) === wanted)
        : undefined
    return found && { ...none, enumName: found.name, enumValue: found.value }
  }
  if (kind === 'typeMatches') return membersMatch(kernel, id, spec) ? none : undefined
  if (!isFieldKind(kind)) return none
  let found: CoreSpec | undefined = none
  spec.steps.forEach((step, i) => {
    if (!found) return
    if (step.kind === 'member') found = findMember(found, step, spec.btf, 0)
    else if (i === 0) found = { ...found, steps: [step], bitOffset: step.index * kernel.sizeOf(id) * 8 }
    else found = findElement(found, step.index)
  })
  return found
}

function findElement(at: CoreSpec, index: number): CoreSpec | undefined {
  const type = at.btf.resolve(at.fieldId)
  if (type.kind !== 'array') return undefined
  // A flexible array at the end of a struct has length 0 and any number of elements.
  if (type.length > 0 && index >= type.length) return undefined
  return elementOf(at, type, index)
}

/** A member by name, also one of an anonymous struct or union inside. */
function findMember(
  at: CoreSpec,
  step: Step & { readonly kind: 'member' },
  local: Btf,
  depth: number,
): CoreSpec | undefined {
  const type = at.btf.resolve(at.fieldId)
  if ((type.kind !== 'struct' && type.kind !== 'union') || depth > MAX_DEPTH) return undefined
  for (const member of type.members) {
    const here: CoreSpec = { ...at, ...fieldOf(at, member) }
    if (member.name === '') {
      const inner = findMember(here, step, local, depth + 1)
      if (inner) return inner
    } else if (member.name === essentialName(step.name)) {
      const fits = compatible(local, step.typeId, { btf: at.btf, id: member.type, depth: 0 })
      return fits ? { ...here, steps: [...at.steps, memberStep(member)] } : undefined
    }
  }
  return undefined
}

interface Target {
  readonly btf: Btf
  readonly id: BtfTypeId
  readonly depth: number
}

/** Would an access to the one be an access to the other? (bpf_core_fields_are_compat) */
function compatible(local: Btf, id: BtfTypeId, target: Target): boolean {
  if (target.depth > MAX_DEPTH) return false
  const a = local.resolve(id)
  const b = target.btf.resolve(target.id)
  const isComposite = (type: BtfType): boolean => type.kind === 'struct' || type.kind === 'union'
  if (isComposite(a) && isComposite(b)) return true
  if (!sameKinds(a.kind).includes(b.kind)) return false
  switch (a.kind) {
    case 'enum':
    case 'enum64':
    case 'fwd':
      return a.name === '' || b.name === '' || essentialName(a.name) === essentialName(b.name)
    case 'array':
      return b.kind === 'array' && compatible(local, a.type, { btf: target.btf, id: b.type, depth: target.depth + 1 })
    case 'int':
    case 'float':
    case 'ptr':
      return true
    default:
      return false
  }
}

/** Each member or enumerator of the object's type is in the kernel's, too. */
function membersMatch(kernel: Btf, id: BtfTypeId, spec: CoreSpec): boolean {
  const local = spec.btf.resolve(spec.rootId)
  const at: CoreSpec = { ...spec, btf: kernel, rootId: id, fieldId: id, steps: [] }
  if (local.kind === 'struct' || local.kind === 'union')
    return local.members.every(
      (member) =>
        member.name === '' ||
        findMember(at, { kind: 'member', name: member.name, typeId: member.type }, spec.btf, 0) !== undefined,
    )
  const type = kernel.resolve(id)
  if ((local.kind === 'enum' || local.kind === 'enum64') && (type.kind === 'enum' || type.kind === 'enum64'))
    return local.values.every(({ name }) => type.values.some((value) => value.name === essentialName(name)))
  return true
}
