/**
 * The type of a map's key or value as user space sees it, from BTF: for objects that come without a generated module.
 *
 *   int, enum, pointer   integers of their size       char[n]   text         other arrays, structs, unions   the same
 *
 * What has no such form (bit fields, floats, integers of odd size, types nested too deep) is bytes.
 */
import type { Field, Type } from '../types/types.ts'
import { u8 } from '../types/types.ts'
import type { Btf } from './reader.ts'
import type { BtfMember, BtfTypeId, BtfTypeOf } from './types.ts'
import { BTF_INT } from './types.ts'

/** Deeper types are corrupt rather than useful. */
const MAX_DEPTH = 16

export function userType(btf: Btf, id: BtfTypeId, depth = 0): Type {
  const type = btf.resolve(id)
  if (depth > MAX_DEPTH) return bytes(btf.sizeOf(id))
  switch (type.kind) {
    case 'int':
      return intType(type.size, (type.encoding & BTF_INT.signed) !== 0, (type.encoding & BTF_INT.bool) !== 0)
    case 'enum':
    case 'enum64':
      return intType(type.size, type.signed, false)
    case 'ptr':
      return intType(8, false, false)
    case 'array': {
      const element = btf.resolve(type.type)
      if (element.kind === 'int' && element.name === 'char')
        return { kind: 'array', element: u8, length: type.length, display: 'str' }
      return { kind: 'array', element: userType(btf, type.type, depth + 1), length: type.length }
    }
    case 'struct':
    case 'union':
      return compositeType(btf, type, depth)
    default:
      return bytes(btf.sizeOf(id))
  }
}

function bytes(length: number): Type {
  return { kind: 'array', element: u8, length }
}

function intType(size: number, signed: boolean, bool: boolean): Type {
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8) return bytes(size)
  const bits = (size * 8) as 8 | 16 | 32 | 64
  return bool ? { kind: 'int', bits, signed: false, display: 'bool' } : { kind: 'int', bits, signed }
}

function compositeType(btf: Btf, type: BtfTypeOf<'struct' | 'union'>, depth: number): Type {
  const { name, size, members } = type
  if (members.length === 0 || members.some((member) => member.bitSize !== 0 || member.bitOffset % 8 !== 0))
    return bytes(size)
  const fields = members.map((member, i) => fieldOf(btf, member, i, depth))
  // Only layouts that are made here need an alignment; this one is given.
  const align = 1
  return type.kind === 'struct'
    ? { kind: 'struct', name, fields, size, align }
    : { kind: 'union', name, members: fields, size, align }
}

/** Anonymous members are called by their number. */
function fieldOf(btf: Btf, member: BtfMember, index: number, depth: number): Field {
  return {
    name: member.name === '' ? `anon${index}` : member.name,
    type: userType(btf, member.type, depth + 1),
    offset: member.bitOffset / 8,
  }
}
