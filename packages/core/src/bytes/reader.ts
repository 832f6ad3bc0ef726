/**
 * Little-endian reading for ELF and BTF. Every access is checked: what lies outside becomes `Abort('bad-object')` that
 * names the thing read, never a RangeError.
 */
import { Abort } from '../diag/diagnostic.ts'

const decoder = new TextDecoder()

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
