/** Reading one record at a place in memory, little-endian, without leaving it. Base of the ring cursors. */
import type { RingCursor } from './backend.ts'

export abstract class RecordAccess implements RingCursor {
  length = 0
  protected view: DataView = EMPTY
  /** Where in `view` the record begins. */
  protected at = 0

  abstract next(): boolean
  abstract close(): void

  u8(offset: number): number {
    this.check(offset, 1)
    return this.view.getUint8(this.at + offset)
  }

  u16(offset: number): number {
    this.check(offset, 2)
    return this.view.getUint16(this.at + offset, true)
  }

  u32(offset: number): number {
    this.check(offset, 4)
    return this.view.getUint32(this.at + offset, true)
  }

  i32(offset: number): number {
    this.check(offset, 4)
    return this.view.getInt32(this.at + offset, true)
  }

  u64(offset: number): bigint {
    this.check(offset, 8)
    return this.view.getBigUint64(this.at + offset, true)
  }

  i64(offset: number): bigint {
    this.check(offset, 8)
    return this.view.getBigInt64(this.at + offset, true)
  }

  bytes(offset = 0, length: number = this.length - offset): Uint8Array {
    this.check(offset, length)
    return new Uint8Array(this.view.buffer, this.view.byteOffset + this.at + offset, length).slice()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Beyond the record are others, which may be half written. */
  private check(offset: number, size: number): void {
    if (offset >= 0 && size >= 0 && offset + size <= this.length) return
    throw new RangeError(`the record has ${this.length} bytes; ${size} at offset ${offset} were asked for`)
  }
}

const EMPTY = new DataView(new ArrayBuffer(0))

/** Over records that are copies: `take` gives the next one. */
export class CopyCursor extends RecordAccess {
  readonly #take: () => Uint8Array | undefined
  #closed = false

  constructor(take: () => Uint8Array | undefined) {
    super()
    this.#take = take
  }

  next(): boolean {
    const bytes = this.#closed ? undefined : this.#take()
    this.length = bytes?.length ?? 0
    if (bytes === undefined) return false
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return true
  }

  close(): void {
    this.#closed = true
    this.length = 0
  }
}

/** The cursor of a ring that can be drained one by one. */
export function drainingCursor(drain: (take: (record: Uint8Array) => void, limit: number) => number): RingCursor {
  return new CopyCursor(() => {
    let found: Uint8Array | undefined
    drain((record) => {
      found = record.slice()
    }, 1)
    return found
  })
}
