/**
 * Reads a `.BTF` section or /sys/kernel/btf/vmlinux (5.5 MB, 150,000 types). Opening only checks the header and notes
 * where each type begins, in typed arrays; types are decoded when asked for.
 *
 *   in:  untrusted bytes
 *   out: `Btf`; anything malformed is `Abort('bad-object')`, at the latest when the type is decoded
 *
 * All kinds up to ENUM64 are known. A newer kind ends reading with an error, since its size cannot be known.
 */
import { plainBytes } from '../bytes/plain.ts'
import { ByteReader, badObject } from '../bytes/reader.ts'
import { decodeType } from './decode.ts'
import type { BtfKind, BtfModifierKind, BtfType, BtfTypeId, BtfTypeOf } from './types.ts'
import { BTF_HEADER_SIZE, BTF_KIND, BTF_KIND_NAMES, BTF_MAGIC, BTF_TYPE_SIZE, BTF_VERSION } from './types.ts'

const encoder = new TextEncoder()
const VOID_TYPE: BtfType = { kind: 'void', name: '' }
/** Longest chain of typedefs and qualifiers that is followed; the kernel's limit is 32 (MAX_RESOLVE_DEPTH, btf.c). */
const MAX_CHAIN = 32

export class Btf {
  readonly #types: ByteReader
  /** Byte of the whole BTF at which the type section begins. */
  readonly #typesStart: number
  readonly #strings: ByteReader
  /** Byte offset of each type inside the type section; entry 0 (void) is unused. */
  readonly #offsets: Uint32Array
  readonly #kinds: Uint8Array
  /** Offset of each type's name in the strings. */
  readonly #names: Uint32Array
  readonly #decoded = new Map<BtfTypeId, BtfType>()
  #stringOffsets: ReadonlyMap<string, number> | undefined
  readonly #found = new Map<string, BtfTypeId | undefined>()

  constructor(bytes: Uint8Array) {
    const { types, strings } = readHeader(bytes)
    this.#typesStart = types.bytes.byteOffset - bytes.byteOffset
    this.#types = types
    this.#strings = strings
    const index = indexTypes(types)
    this.#offsets = index.offsets
    this.#kinds = index.kinds
    this.#names = index.names
  }

  /** Number of types, void included: ids are 0 .. typeCount-1. */
  get typeCount(): number {
    return this.#offsets.length
  }

  kindOf(id: BtfTypeId): BtfKind {
    return BTF_KIND_NAMES[this.#kinds[this.#check(id)]!]!
  }

  nameOf(id: BtfTypeId): string {
    return this.#check(id) === 0 ? '' : this.string(this.#names[id]!)
  }

  /** Byte of the whole BTF at which a type's record begins. */
  recordOffset(id: BtfTypeId): number {
    return this.#typesStart + this.#offsets[this.#check(id)]!
  }

  /** String at an offset of the string section (`.BTF.ext` refers to strings so). */
  string(offset: number): string {
    return this.#strings.string(offset)
  }

  /** Offset of a string that begins after a NUL; undefined when there is none. Lists all strings at the first call. */
  stringOffset(text: string): number | undefined {
    this.#stringOffsets ??= listStrings(this.#strings)
    return this.#stringOffsets.get(text)
  }

  type(id: BtfTypeId): BtfType {
    if (this.#check(id) === 0) return VOID_TYPE
    const known = this.#decoded.get(id)
    if (known) return known
    const type = decodeType(this.#types, this.#offsets[id]!, (offset) => this.string(offset))
    this.#decoded.set(id, type)
    return type
  }

  /** Id of the first type of this kind and name. A scan of the names as bytes: under a millisecond for vmlinux. */
  findId(kind: BtfKind, name: string): BtfTypeId | undefined {
    const key = `${kind} ${name}`
    if (!this.#found.has(key)) this.#found.set(key, this.#scan(kind, name))
    return this.#found.get(key)
  }

  /** Ids of all types of this kind and name. */
  findAll(kind: BtfKind, name: string): BtfTypeId[] {
    const ids: BtfTypeId[] = []
    for (let id = this.findId(kind, name); id !== undefined; id = this.#scan(kind, name, id + 1)) ids.push(id)
    return ids
  }

  find<K extends BtfKind>(kind: K, name: string): BtfTypeOf<K> | undefined {
    const id = this.findId(kind, name)
    // findId returns types of that kind only.
    return id === undefined ? undefined : (this.type(id) as BtfTypeOf<K>)
  }

  /** Ids of all types of a kind, ascending. */
  idsOf(kind: BtfKind): BtfTypeId[] {
    const wanted = BTF_KIND[kind]
    const ids: BtfTypeId[] = []
    for (let id = 1; id < this.#kinds.length; id++) if (this.#kinds[id] === wanted) ids.push(id)
    return ids
  }

  /** Follows typedefs, qualifiers and type tags. */
  resolveId(id: BtfTypeId): BtfTypeId {
    for (let i = 0; i < MAX_CHAIN; i++) {
      const type = this.type(id)
      if (!isModifier(type)) return id
      id = type.type
    }
    throw badObject(`BTF is corrupt: more than ${MAX_CHAIN} typedefs and qualifiers in a row`)
  }

  /** The type behind typedefs, qualifiers and type tags. */
  resolve(id: BtfTypeId): BtfType {
    return this.type(this.resolveId(id))
  }

  /** Bytes of a value of this type; malformed BTF when it has none. */
  sizeOf(id: BtfTypeId, depth = 0): number {
    if (depth > MAX_CHAIN) throw badObject('BTF is corrupt: arrays are nested too deep')
    const type = this.resolve(id)
    switch (type.kind) {
      case 'ptr':
        return 8
      case 'array':
        return type.length * this.sizeOf(type.type, depth + 1)
      case 'int':
      case 'float':
      case 'enum':
      case 'enum64':
      case 'struct':
      case 'union':
      case 'datasec':
        return type.size
      case 'var':
        return this.sizeOf(type.type, depth + 1)
      default:
        throw badObject(`BTF is corrupt: a size is asked of type ${id}, which is ${type.kind}`)
    }
  }

  #check(id: BtfTypeId): BtfTypeId {
    if (!(id >= 0 && id < this.#offsets.length))
      throw badObject(`BTF is corrupt: type ${id} is referred to, but there are only ${this.#offsets.length - 1}`)
    return id
  }

  /** Compares bytes rather than strings, and the first one before all others: vmlinux has 150,000 names. */
  #scan(kind: BtfKind, name: string, from = 1): BtfTypeId | undefined {
    const wanted = BTF_KIND[kind]
    const text = encoder.encode(`${name}\0`)
    const [first] = text
    const kinds = this.#kinds
    const names = this.#names
    const { bytes } = this.#strings
    for (let id = from; id < kinds.length; id++) {
      if (kinds[id] !== wanted) continue
      const at = names[id]!
      if (bytes[at] === first && bytesAt(bytes, at, text)) return id
    }
    return undefined
  }
}

/** Opens BTF. */
export function readBtf(bytes: Uint8Array): Btf {
  return new Btf(plainBytes(bytes))
}

export function isModifier(type: BtfType): type is BtfTypeOf<BtfModifierKind> {
  switch (type.kind) {
    case 'typedef':
    case 'volatile':
    case 'const':
    case 'restrict':
    case 'typeTag':
      return true
    default:
      return false
  }
}

function listStrings(strings: ByteReader): Map<string, number> {
  const offsets = new Map<string, number>()
  for (let at = 0; at < strings.size; at = strings.bytes.indexOf(0, at) + 1) {
    const text = strings.string(at)
    if (!offsets.has(text)) offsets.set(text, at)
  }
  return offsets
}

function bytesAt(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  if (at + text.length > bytes.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false
  return true
}

//   0      2     3     4        8         12        16       20       24
//   magic  ver   flags hdr_len  type_off  type_len  str_off  str_len  (offsets count from the header's end)
function readHeader(bytes: Uint8Array): { types: ByteReader; strings: ByteReader } {
  const reader = new ByteReader(bytes, 'BTF')
  const magic = reader.u16(0)
  if (magic === 0x9feb) throw badObject('BTF is big-endian; only little-endian is supported')
  if (magic !== BTF_MAGIC) throw badObject(`BTF has no magic number: 0x${magic.toString(16)} where 0xeb9f was expected`)
  const version = reader.u8(2)
  if (version !== BTF_VERSION) throw badObject(`BTF has version ${version}; only version ${BTF_VERSION} is known`)
  const headerSize = reader.u32(4)
  if (headerSize < BTF_HEADER_SIZE) throw badObject(`BTF is corrupt: its header says ${headerSize} bytes`)
  const types = reader.slice(headerSize + reader.u32(8), reader.u32(12))
  const strings = reader.slice(headerSize + reader.u32(16), reader.u32(20))
  if (strings.length === 0 || strings[0] !== 0 || strings[strings.length - 1] !== 0)
    throw badObject('BTF is corrupt: its string section neither begins nor ends with NUL')
  return { types: new ByteReader(types, 'BTF type section'), strings: new ByteReader(strings, 'BTF string section') }
}

interface TypeIndex {
  readonly offsets: Uint32Array
  readonly kinds: Uint8Array
  readonly names: Uint32Array
}

/**
 * Notes offset, kind and name of every type and makes sure that all lie inside the section. Reads whole words, as most of
 * the time of a first load is spent here: types are multiples of 4 bytes, and a copy is aligned when they are not.
 */
function indexTypes(types: ByteReader): TypeIndex {
  const { bytes } = types
  if (bytes.length % 4 !== 0) throw badObject(`BTF is corrupt: its type section has ${bytes.length} bytes`)
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, bytes.length / 4)
  // The smallest type is one bare btf_type, which bounds the count.
  const limit = Math.floor(bytes.length / BTF_TYPE_SIZE) + 1
  const offsets = new Uint32Array(limit)
  const kinds = new Uint8Array(limit)
  const names = new Uint32Array(limit)
  const end = words.length
  let count = 1
  for (let at = 0; at < end; count++) {
    const info = at + 1 < end ? words[at + 1]! : 0
    const kind = (info >>> 24) & 0x1f
    const size = BTF_TYPE_SIZE + extraSize(kind, info & 0xffff, count)
    if (at * 4 + size > bytes.length) types.need(at * 4, size)
    offsets[count] = at * 4
    kinds[count] = kind
    names[count] = words[at]!
    at += size >>> 2
  }
  return { offsets: offsets.slice(0, count), kinds: kinds.slice(0, count), names: names.slice(0, count) }
}

/** Bytes that follow `struct btf_type`. */
function extraSize(kind: number, count: number, id: BtfTypeId): number {
  switch (kind) {
    case BTF_KIND.int:
    case BTF_KIND.var:
    case BTF_KIND.declTag:
      return 4
    case BTF_KIND.array:
      return 12
    case BTF_KIND.struct:
    case BTF_KIND.union:
    case BTF_KIND.datasec:
    case BTF_KIND.enum64:
      return 12 * count
    case BTF_KIND.enum:
    case BTF_KIND.funcProto:
      return 8 * count
    case BTF_KIND.ptr:
    case BTF_KIND.fwd:
    case BTF_KIND.typedef:
    case BTF_KIND.volatile:
    case BTF_KIND.const:
    case BTF_KIND.restrict:
    case BTF_KIND.func:
    case BTF_KIND.float:
    case BTF_KIND.typeTag:
      return 0
    default:
      throw badObject(`BTF type ${id} has kind ${kind}, which is not known`, 'the object was made by a newer compiler')
  }
}
