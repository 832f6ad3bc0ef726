/**
 * Bytes <-> JavaScript values, for map keys, map values and ring records. `codecFor` composes closures from a type at
 * run time; generated modules bring straight-line codecs with the same interface and the same rules:
 *
 *   u8..u32, i8..i32  number            u8 arrays      Uint8Array (a copy)      struct  object, camelCase keys
 *   u64, i64          bigint            other arrays   array                    union   object with every member
 *   display bool      boolean           display str, mac, ipv4, ipv6: string
 *
 * Encoding zeroes padding. A union takes its raw bytes or one or more members; members that disagree are an error.
 */
import { assertNever } from '../diag/diagnostic.ts'
import { toCamelName } from '../tables/names.ts'
import { sizeOf } from '../types/layout.ts'
import type { ArrayType, Field, IntType, StructType, Type, UnionType } from '../types/types.ts'
import { scalarName } from '../types/types.ts'
import { viewOf } from './bytes.ts'
import { checkArray, checkBigInt, checkBoolean, checkBytes, checkInt, checkObject } from './codec-checks.ts'
import { formatIpv4, formatIpv6, formatMac, parseIpv4, parseIpv6, parseMac, readString, writeString } from './text.ts'

export interface Codec<T> {
  /** Bytes of one value. */
  readonly size: number
  /** Reads `size` bytes at `offset` (0). The result shares nothing with `bytes`. */
  decode(bytes: Uint8Array, offset?: number): T
  /** Writes into `out` at `offset` (0), or into new bytes; returns the bytes written to. */
  encode(value: T, out?: Uint8Array, offset?: number): Uint8Array
}

interface Part {
  read(view: DataView, at: number): unknown
  /** `path` is fixed when the part is made; only arrays add to it later (see `arrayPart`). */
  write(value: unknown, view: DataView, at: number): void
}

/** `name` begins the path in error messages; default: the struct's name in camelCase, else `value`. */
export function codecFor<T = unknown>(type: Type, name?: string): Codec<T> {
  const size = sizeOf(type)
  const root = name ?? (type.kind === 'struct' || type.kind === 'union' ? toCamelName(type.name) : 'value')
  const part = partFor(type, root)
  return {
    size,
    decode(bytes, offset = 0) {
      // The type parameter is the caller's claim about what `type` decodes to.
      return part.read(viewOf(bytes, offset, size, root), offset) as T
    },
    encode(value, out = new Uint8Array(size), offset = 0) {
      const view = viewOf(out, offset, size, root)
      // An integer has no padding.
      if (type.kind !== 'int') out.fill(0, offset, offset + size)
      part.write(value, view, offset)
      return out
    },
  }
}

/** Keys of the decoded object, one per field: as declared, else camelCase, or all as in C when two would collide. */
export function fieldKeys(fields: readonly Field[]): string[] {
  const keys = fields.map((field) => field.key ?? toCamelName(field.name))
  return new Set(keys).size === keys.length ? keys : fields.map((field) => field.key ?? field.name)
}

function partFor(type: Type, path: string): Part {
  switch (type.kind) {
    case 'int':
      return intPart(type, path)
    case 'array':
      return type.display ? textPart(type, path) : arrayPart(type, path)
    case 'struct':
      return structPart(type, path)
    case 'union':
      return unionPart(type, path)
    default:
      return assertNever(type)
  }
}

function intPart(type: IntType, path: string): Part {
  const number = numberPart(type, path)
  switch (type.display) {
    case undefined:
    case 'ktime':
      return number
    case 'bool': {
      const one = type.bits === 64 ? 1n : 1
      const zero = type.bits === 64 ? 0n : 0
      return {
        read: (view, at) => number.read(view, at) !== zero,
        write: (value, view, at) => number.write(checkBoolean(value, path) ? one : zero, view, at),
      }
    }
    case 'ipv4':
      return {
        read: (view, at) => formatIpv4(Number(number.read(view, at))),
        write: (value, view, at) => number.write(parseIpv4(value, path), view, at),
      }
    default:
      return assertNever(type.display)
  }
}

function numberPart(type: IntType, path: string): Part {
  const little = type.order !== 'net'
  const name = scalarName(type)
  switch (name) {
    case 'u8':
      return { read: (v, at) => v.getUint8(at), write: (x, v, at) => v.setUint8(at, checkInt(x, 8, 'u', path)) }
    case 'i8':
      return { read: (v, at) => v.getInt8(at), write: (x, v, at) => v.setInt8(at, checkInt(x, 8, 'i', path)) }
    case 'u16':
      return {
        read: (v, at) => v.getUint16(at, little),
        write: (x, v, at) => v.setUint16(at, checkInt(x, 16, 'u', path), little),
      }
    case 'i16':
      return {
        read: (v, at) => v.getInt16(at, little),
        write: (x, v, at) => v.setInt16(at, checkInt(x, 16, 'i', path), little),
      }
    case 'u32':
      return {
        read: (v, at) => v.getUint32(at, little),
        write: (x, v, at) => v.setUint32(at, checkInt(x, 32, 'u', path), little),
      }
    case 'i32':
      return {
        read: (v, at) => v.getInt32(at, little),
        write: (x, v, at) => v.setInt32(at, checkInt(x, 32, 'i', path), little),
      }
    case 'u64':
      return {
        read: (v, at) => v.getBigUint64(at, little),
        write: (x, v, at) => v.setBigUint64(at, checkBigInt(x, 'u', path), little),
      }
    case 'i64':
      return {
        read: (v, at) => v.getBigInt64(at, little),
        write: (x, v, at) => v.setBigInt64(at, checkBigInt(x, 'i', path), little),
      }
    default:
      return assertNever(name)
  }
}

/** `length` bytes at `at`, as a view. */
function bytesAt(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length)
}

function textPart(type: ArrayType, path: string): Part {
  const size = sizeOf(type)
  const put = (bytes: Uint8Array, view: DataView, at: number) => bytesAt(view, at, size).set(bytes)
  switch (type.display) {
    case 'str':
      return {
        read: (view, at) => readString(bytesAt(view, at, size)),
        write: (value, view, at) => put(writeString(value, size, path), view, at),
      }
    case 'mac':
      return {
        read: (view, at) => formatMac(bytesAt(view, at, size)),
        write: (value, view, at) => put(parseMac(value, path), view, at),
      }
    case 'ipv6':
      return {
        read: (view, at) => formatIpv6(bytesAt(view, at, size)),
        write: (value, view, at) => put(parseIpv6(value, path), view, at),
      }
    case undefined:
      return arrayPart(type, path)
    default:
      return assertNever(type.display)
  }
}

function arrayPart(type: ArrayType, path: string): Part {
  const { element, length } = type
  if (element.kind === 'int' && element.bits === 8 && !element.signed && element.display === undefined) {
    return {
      read: (view, at) => bytesAt(view, at, length).slice(),
      write: (value, view, at) => bytesAt(view, at, length).set(checkBytes(value, length, path)),
    }
  }
  const step = sizeOf(element)
  // The element's messages begin after `path[i]`, which is known only here.
  const part = partFor(element, '')
  return {
    read(view, at) {
      const out: unknown[] = new Array(length)
      for (let i = 0; i < length; i++) out[i] = part.read(view, at + i * step)
      return out
    },
    write(value, view, at) {
      const array = checkArray(value, length, path)
      for (let i = 0; i < length; i++) {
        try {
          part.write(array[i], view, at + i * step)
        } catch (error) {
          throw withPath(error, `${path}[${i}]`)
        }
      }
    },
  }
}

function withPath(error: unknown, path: string): unknown {
  if (error instanceof RangeError) return new RangeError(path + error.message)
  if (error instanceof TypeError) return new TypeError(path + error.message)
  return error
}

function structPart(type: StructType, path: string): Part {
  const keys = fieldKeys(type.fields)
  const fields = type.fields.map((field, i) => ({
    key: keys[i]!,
    offset: field.offset,
    part: partFor(field.type, `${path}.${keys[i]}`),
  }))
  return {
    read(view, at) {
      const out: Record<string, unknown> = {}
      for (const field of fields) out[field.key] = field.part.read(view, at + field.offset)
      return out
    },
    write(value, view, at) {
      const object = checkObject(value, keys, path)
      for (const field of fields) field.part.write(object[field.key], view, at + field.offset)
    },
  }
}

function unionPart(type: UnionType, path: string): Part {
  const { size } = type
  const keys = fieldKeys(type.members)
  const members = type.members.map((member, i) => ({
    key: keys[i]!,
    size: sizeOf(member.type),
    part: partFor(member.type, `${path}.${keys[i]}`),
  }))
  return {
    read(view, at) {
      const out: Record<string, unknown> = {}
      for (const member of members) out[member.key] = member.part.read(view, at)
      return out
    },
    write(value, view, at) {
      if (value instanceof Uint8Array) return bytesAt(view, at, size).set(checkBytes(value, size, path))
      const given = members.filter((m) => typeof value === 'object' && value !== null && m.key in value)
      if (given.length === 0) throw new TypeError(`${path}: expected one of ${keys.join(', ')}, or ${size} bytes`)
      const object = checkObject(value, keys, path, 'some')
      const out = bytesAt(view, at, size)
      // Widest first, so that the narrower ones can be compared with what is there.
      given.sort((a, b) => b.size - a.size)
      for (const [i, member] of given.entries()) {
        const scratch = new Uint8Array(size)
        member.part.write(object[member.key], new DataView(scratch.buffer), 0)
        if (i === 0) out.set(scratch)
        else if (scratch.subarray(0, member.size).some((byte, j) => byte !== out[j])) {
          throw new TypeError(`${path}: ${given[0]!.key} and ${member.key} say different bytes; give one of them`)
        }
      }
    },
  }
}
