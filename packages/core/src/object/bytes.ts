/**
 * Reading and writing of little-endian bytes for ELF and BTF. A `ByteReader` checks every access: what lies outside
 * becomes `Abort('bad-object')` that names the thing read, never a RangeError. A `ByteWriter` grows as needed.
 */
import { Abort } from '../diag/diagnostic.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** The one way in which a malformed object is reported. */
export function badObject(message: string, hint?: string): Abort {
  return new Abort('bad-object', undefined, message, { hint })
}

export class ByteReader {
  readonly bytes: Uint8Array
  /** What is being read, as messages call it (`BTF`, `section .text`). */
  readonly what: string
  readonly #view: DataView

  constructor(bytes: Uint8Array, what: string) {
    this.bytes = bytes
    this.what = what
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get size(): number {
    return this.bytes.length
  }

  u8(at: number): number {
    this.need(at, 1)
    return this.#view.getUint8(at)
  }

  u16(at: number): number {
    this.need(at, 2)
    return this.#view.getUint16(at, true)
  }

  i16(at: number): number {
    this.need(at, 2)
    return this.#view.getInt16(at, true)
  }

  u32(at: number): number {
    this.need(at, 4)
    return this.#view.getUint32(at, true)
  }

  i32(at: number): number {
    this.need(at, 4)
    return this.#view.getInt32(at, true)
  }

  u64(at: number): bigint {
    this.need(at, 8)
    return this.#view.getBigUint64(at, true)
  }

  i64(at: number): bigint {
    this.need(at, 8)
    return this.#view.getBigInt64(at, true)
  }

  /** A 64-bit offset or size; anything that no file can have is malformed. */
  offset64(at: number): number {
    const value = this.u64(at)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw badObject(`${this.what} is corrupt: offset or size ${value}`)
    return Number(value)
  }

  /** A view, not a copy. */
  slice(at: number, length: number): Uint8Array {
    this.need(at, length)
    return this.bytes.subarray(at, at + length)
  }

  /** NUL-terminated UTF-8. */
  string(at: number): string {
    this.need(at, 1)
    const end = this.bytes.indexOf(0, at)
    if (end < 0) throw badObject(`${this.what} is corrupt: the string at byte ${at} has no end`)
    return decoder.decode(this.bytes.subarray(at, end))
  }

  need(at: number, length: number): void {
    if (at < 0 || length < 0 || at + length > this.size)
      throw badObject(`${this.what} is truncated: bytes ${at}..${at + length} wanted, it has ${this.size}`)
  }
}

export class ByteWriter {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #size = 0

  get size(): number {
    return this.#size
  }

  u8(value: number): void {
    const at = this.#grow(1)
    this.#view.setUint8(at, value)
  }

  u16(value: number): void {
    const at = this.#grow(2)
    this.#view.setUint16(at, value, true)
  }

  /** Also takes negative values (two's complement). */
  u32(value: number): void {
    const at = this.#grow(4)
    this.#view.setUint32(at, value, true)
  }

  u64(value: number | bigint): void {
    const at = this.#grow(8)
    this.#view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true)
  }

  raw(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** Zero bytes up to a multiple of `align`. */
  align(align: number): void {
    this.#grow((align - (this.#size % align)) % align)
  }

  /** Overwrites four bytes that were written before. */
  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true)
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#size)
  }

  /** Makes room and returns its start. Call it before using #view, which it may replace. */
  #grow(length: number): number {
    const at = this.#size
    this.#size += length
    if (this.#size > this.#bytes.length) {
      const bigger = new Uint8Array(Math.max(this.#size, this.#bytes.length * 2))
      bigger.set(this.#bytes.subarray(0, at))
      this.#bytes = bigger
      this.#view = new DataView(bigger.buffer)
    }
    return at
  }
}

/** A string section under construction: offset 0 is the empty string, equal strings are stored once. */
export class StringTable {
  readonly #offsets = new Map<string, number>([['', 0]])
  readonly #writer = new ByteWriter()

  constructor() {
    this.#writer.u8(0)
  }

  /** Offset of the string. A NUL inside would end it early, so it is dropped. */
  add(text: string): number {
    const known = this.#offsets.get(text)
    if (known !== undefined) return known
    const offset = this.#writer.size
    this.#offsets.set(text, offset)
    this.#writer.raw(encoder.encode(text.replaceAll('\0', '')))
    this.#writer.u8(0)
    return offset
  }

  finish(): Uint8Array {
    return this.#writer.finish()
  }
}
