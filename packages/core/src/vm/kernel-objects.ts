/**
 * Kernel memory from plain JS objects: laid out by the structs in the object's own BTF, which has those that the
 * program's CO-RE relocations name, with the members that it asks for. Programs reach them by probe_read_kernel and by
 * pointers that they are given; they cannot write them.
 *
 *   in:  the object's BTF, a struct's name and values for its members (the rest is zero)
 *   out: a region; nested objects behind pointers and texts lie in regions of their own, each object once
 */
import { fieldsOf, findStruct, type KernelField } from '../btf/kernel-types.ts'
import { type Btf, readBtf } from '../btf/reader.ts'
import type { CoreType } from '../types/core-query.ts'
import { coreSize } from '../types/core-query.ts'
import { VmError } from './errno.ts'
import type { Memory, Region } from './memory.ts'

/** Values by the kernel's member names. Nested structs are objects; so are pointers when their struct is known. */
export interface KernelFields {
  readonly [member: string]: KernelValue
}

/** An object of a struct: what a pointer without a type needs, and what `placeObject` takes. */
export class KernelObject {
  readonly struct: string
  readonly fields: KernelFields
  constructor(struct: string, fields: KernelFields) {
    this.struct = struct
    this.fields = fields
  }
}

export type KernelValue =
  | number
  | bigint
  | boolean
  /** A `char` array or what a pointer points to, with a NUL behind it. */
  | string
  | Uint8Array
  | null
  | KernelObject
  | KernelFields
  | readonly KernelValue[]

/** `struct` by its C name: `task_struct`. */
export function kernelObject(struct: string, fields: KernelFields): KernelObject {
  return new KernelObject(struct, fields)
}

/** Where a value goes. */
interface Place {
  readonly region: Region
  readonly offset: number
  /** For messages: `task_struct.comm`. */
  readonly way: string
}

export class KernelMemory {
  private readonly memory: Memory
  private readonly btf: Btf | undefined
  /** By the object that user code gave, which makes cycles possible. */
  private readonly placed = new Map<object, Region>()

  constructor(memory: Memory, btf: Uint8Array | undefined) {
    this.memory = memory
    this.btf = btf && readBtf(btf)
  }

  /** Whether the object's BTF has the struct; without it nothing of it can be read by name. */
  has(struct: string): boolean {
    return this.btf !== undefined && findStruct(this.btf, struct) !== undefined
  }

  /** The members that the program asks for. */
  members(struct: string): readonly KernelField[] {
    const found = this.btf && findStruct(this.btf, struct)
    return found === undefined ? [] : fieldsOf(this.btf!, found.id)
  }

  place({ struct, fields }: KernelObject): Region {
    const known = this.placed.get(fields)
    if (known !== undefined) return known
    const found = this.btf && findStruct(this.btf, struct)
    if (found === undefined) throw new VmError(`the BTF of the object has no struct ${struct}: the program reads none`)
    const region = this.add(`the ${struct}`, found.type.size)
    this.placed.set(fields, region)
    this.fill(struct, fields, region)
    return region
  }

  /** Writes members of a struct that lies at the start of a region. */
  fill(struct: string, fields: KernelFields, region: Region): void {
    this.writeFields(findStruct(this.btf!, struct)!.id, fields, { region, offset: 0, way: struct })
  }

  private add(name: string, bytes: number | Uint8Array): Region {
    return this.memory.add({ kind: 'data', name, bytes, access: 'read', lifetime: 'kept' })
  }

  private writeFields(id: number, fields: KernelFields, { region, offset, way }: Place): void {
    const known = fieldsOf(this.btf!, id)
    for (const [name, value] of Object.entries(fields)) {
      const field = known.find((each) => each.name === name)
      if (field === undefined) {
        const names = known.map((each) => each.name).join(', ')
        throw new VmError(`${way} has no member ${name} in the BTF of the object, only: ${names || '(none)'}`)
      }
      this.write(field, value, { region, offset: offset + field.offset, way: `${way}.${name}` })
    }
  }

  private write({ type, typeId }: Pick<KernelField, 'type' | 'typeId'>, value: KernelValue, place: Place): void {
    const refuse = (expected: string) => new VmError(`${place.way}: expected ${expected}, got ${describe(value)}`)
    switch (type?.kind) {
      case 'int':
        writeInt(type.type.bits / 8, value, place, refuse)
        return
      case 'enum':
        writeInt(type.size, value, place, refuse)
        return
      case 'ptr':
        writeInt(8, this.address(type, value, refuse), place, refuse)
        return
      case 'array':
        this.writeArray({ type, typeId }, value, place)
        return
      case 'struct':
      case 'union': {
        const fields = value instanceof KernelObject ? value.fields : value
        if (!isFields(fields)) throw refuse('an object')
        this.writeFields(this.btf!.resolveId(typeId), fields, place)
        return
      }
      case undefined:
        throw refuse('nothing: bitfields and types without a size in programs cannot be given')
    }
  }

  private address(
    type: CoreType & { readonly kind: 'ptr' },
    value: KernelValue,
    refuse: (expected: string) => VmError,
  ): KernelValue {
    if (value === null) return 0n
    if (typeof value === 'bigint' || typeof value === 'number') return value
    if (typeof value === 'string') return addressOf(this.add('the text', new TextEncoder().encode(`${value}\0`)))
    if (value instanceof Uint8Array) return addressOf(this.add('the bytes', value))
    if (value instanceof KernelObject) return addressOf(this.place(value))
    if (isFields(value) && type.struct) return addressOf(this.place(new KernelObject(type.struct.name, value)))
    throw refuse(
      'an address, text, bytes, null or kernelObject(struct, fields), since the BTF has a pointer without type',
    )
  }

  private writeArray({ type, typeId }: Pick<KernelField, 'type' | 'typeId'>, value: KernelValue, place: Place): void {
    if (type?.kind !== 'array') return
    const { element, length } = type
    const size = coreSize(element)
    const given = typeof value === 'string' ? new TextEncoder().encode(`${value}\0`) : value
    const isList = given instanceof Uint8Array || Array.isArray(given)
    if (!isList || given.length > length) {
      throw new VmError(`${place.way}: expected at most ${length} elements, got ${describe(value)}`)
    }
    // What was there before may be longer.
    place.region.bytes.fill(0, place.offset, place.offset + coreSize(type))
    const array = this.btf!.resolve(typeId)
    const elementId = array.kind === 'array' ? array.type : typeId
    for (const [i, each] of [...given].entries()) {
      const at = { ...place, offset: place.offset + i * size, way: `${place.way}[${i}]` }
      this.write({ type: element, typeId: elementId }, each, at)
    }
  }
}

/** What a program gets to see of a region's place. */
export function addressOf(region: Region): bigint {
  return (BigInt(region.hi >>> 0) << 32n) | BigInt(region.base >>> 0)
}

function isFields(value: KernelValue): value is KernelFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function writeInt(
  size: number,
  value: KernelValue,
  { region, offset }: Place,
  refuse: (expected: string) => VmError,
): void {
  const isNumber = typeof value === 'bigint' || typeof value === 'boolean' || Number.isSafeInteger(value)
  if (!isNumber) throw refuse('an integer')
  const bits = 8 * size
  const number = BigInt(value as number | bigint | boolean)
  const fits = BigInt.asUintN(bits, number) === number || BigInt.asIntN(bits, number) === number
  if (!fits) throw refuse(`an integer of ${bits} bits`)
  for (let i = 0; i < size; i++) region.bytes[offset + i] = Number((number >> BigInt(8 * i)) & 0xffn)
}

function describe(value: KernelValue): string {
  if (value === null) return 'null'
  return typeof value === 'object' ? 'an object or list' : `${typeof value} ${String(value)}`
}
