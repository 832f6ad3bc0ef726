/**
 * Decodes one BTF type: `struct btf_type`, then what its kind appends.
 *
 *   0         4                                8
 *   name_off  info: kind_flag 31 | kind 28-24 | vlen 15-0   size or type
 *
 * The caller has checked that the whole type lies inside the section and that its kind is known.
 */
import { type ByteReader, badObject } from '../bytes/reader.ts'
import type { BtfEnumValue, BtfLinkage, BtfMember, BtfType } from './types.ts'
import { BTF_KIND_NAMES, BTF_TYPE_SIZE } from './types.ts'

/** Reads a string by its offset. */
export type StringAt = (offset: number) => string

interface Head {
  readonly name: string
  readonly count: number
  /** Bit 31: bitfield offsets for structs, signedness for enums, union for forward declarations. */
  readonly flag: boolean
  /** `size` or `type`, depending on the kind. */
  readonly word: number
  /** Where the kind's own data begins. */
  readonly at: number
}

export function decodeType(reader: ByteReader, at: number, stringAt: StringAt): BtfType {
  const info = reader.u32(at + 4)
  const head: Head = {
    name: stringAt(reader.u32(at)),
    count: info & 0xffff,
    flag: info >>> 31 === 1,
    word: reader.u32(at + 8),
    at: at + BTF_TYPE_SIZE,
  }
  const kind = BTF_KIND_NAMES[(info >>> 24) & 0x1f]
  switch (kind) {
    case 'int':
      return decodeInt(reader, head)
    case 'float':
      return { kind, name: head.name, size: head.word }
    case 'ptr':
      return { kind, name: '', type: head.word }
    case 'array':
      return {
        kind,
        name: '',
        type: reader.u32(head.at),
        indexType: reader.u32(head.at + 4),
        length: reader.u32(head.at + 8),
      }
    case 'struct':
    case 'union':
      return { kind, name: head.name, size: head.word, members: decodeMembers(reader, head, stringAt) }
    case 'enum':
    case 'enum64':
      return {
        kind,
        name: head.name,
        size: head.word,
        signed: head.flag,
        values: decodeEnum(reader, head, stringAt, kind),
      }
    case 'fwd':
      return { kind, name: head.name, of: head.flag ? 'union' : 'struct' }
    case 'typedef':
    case 'volatile':
    case 'const':
    case 'restrict':
    case 'typeTag':
      return { kind, name: head.name, type: head.word }
    case 'func':
      return { kind, name: head.name, type: head.word, linkage: linkageOf(head.count) }
    case 'funcProto':
      return { kind, name: '', returnType: head.word, params: decodeParams(reader, head, stringAt) }
    case 'var':
      return { kind, name: head.name, type: head.word, linkage: linkageOf(reader.u32(head.at)) }
    case 'datasec':
      return { kind, name: head.name, size: head.word, vars: decodeSecVars(reader, head) }
    case 'declTag':
      return { kind, name: head.name, type: head.word, component: reader.i32(head.at) }
    default:
      throw badObject(`BTF is corrupt: a type of kind ${(info >>> 24) & 0x1f}`)
  }
}

// int data: encoding 27-24 | bit offset 23-16 | bits 7-0
function decodeInt(reader: ByteReader, head: Head): BtfType {
  const data = reader.u32(head.at)
  return {
    kind: 'int',
    name: head.name,
    size: head.word,
    encoding: (data >>> 24) & 0xf,
    bitOffset: (data >>> 16) & 0xff,
    bits: data & 0xff,
  }
}

/** With the kind flag an offset word holds `size << 24 | offset`, without it the whole word is the offset. */
function decodeMembers(reader: ByteReader, head: Head, stringAt: StringAt): BtfMember[] {
  return Array.from({ length: head.count }, (_, i) => {
    const at = head.at + i * 12
    const word = reader.u32(at + 8)
    return {
      name: stringAt(reader.u32(at)),
      type: reader.u32(at + 4),
      bitOffset: head.flag ? word & 0xffffff : word,
      bitSize: head.flag ? word >>> 24 : 0,
    }
  })
}

function decodeEnum(reader: ByteReader, head: Head, stringAt: StringAt, kind: 'enum' | 'enum64'): BtfEnumValue[] {
  const step = kind === 'enum' ? 8 : 12
  return Array.from({ length: head.count }, (_, i) => {
    const at = head.at + i * step
    const unsigned = kind === 'enum' ? BigInt(reader.u32(at + 4)) : reader.u64(at + 4)
    const value = head.flag ? BigInt.asIntN(kind === 'enum' ? 32 : 64, unsigned) : unsigned
    return { name: stringAt(reader.u32(at)), value }
  })
}

function decodeParams(reader: ByteReader, head: Head, stringAt: StringAt) {
  return Array.from({ length: head.count }, (_, i) => ({
    name: stringAt(reader.u32(head.at + i * 8)),
    type: reader.u32(head.at + i * 8 + 4),
  }))
}

function decodeSecVars(reader: ByteReader, head: Head) {
  return Array.from({ length: head.count }, (_, i) => ({
    type: reader.u32(head.at + i * 12),
    offset: reader.u32(head.at + i * 12 + 4),
    size: reader.u32(head.at + i * 12 + 8),
  }))
}

function linkageOf(value: number): BtfLinkage {
  const names: readonly BtfLinkage[] = ['static', 'global', 'extern']
  const name = names[value]
  if (name === undefined) throw badObject(`BTF is corrupt: linkage ${value}`)
  return name
}
