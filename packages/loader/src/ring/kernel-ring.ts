/**
 * Consumer side of a ring buffer. Positions only grow; their low halves are enough for offsets and distances (a ring has
 * at most 2 GiB), and one 64-bit store commits the position, because the kernel must never see half of one.
 *
 * `scan` copies records in bulk into a buffer of ours and hands out places in that; `cursor` reads them where they are,
 * through accessors only (see mapping.ts). Both refuse to go on when somebody else has moved the consumer position.
 */
import type { MapSpec } from '@unplugin-bpf/core/object'
import type { RingBackend, RingCursor } from '@unplugin-bpf/core/runtime'
import { KernelRingCursor } from './cursor.ts'
import { BUSY, DISCARD, HEADER, LENGTH, mapRing, type RingMapping, recordSize, unmapRing } from './mapping.ts'
import { Readiness } from './readiness.ts'

/** Bytes copied at a time; longer records get a buffer of their own size. */
const CHUNK = 64 * 1024

export class KernelRing implements RingBackend {
  readonly #name: string
  readonly #mask: number
  readonly #readiness: Readiness
  #mapping: RingMapping | undefined
  /** Consumer position, exact to 2^53. */
  #position: number
  #staging = new Uint8Array(CHUNK)
  #draining = false

  constructor(fd: number, spec: MapSpec) {
    this.#name = spec.name
    this.#mask = spec.maxEntries - 1
    this.#mapping = mapRing(fd, spec, 'consumer')
    this.#position = Number(Atomics.load(this.#mapping.consumer, 0))
    this.#readiness = new Readiness(fd)
  }

  drain(take: (record: Uint8Array) => void, limit: number): number {
    return this.scan((bytes, offset, length) => take(bytes.subarray(offset, offset + length)), limit)
  }

  scan(take: (bytes: Uint8Array, offset: number, length: number) => void, limit: number): number {
    this.#begin()
    let taken = 0
    try {
      while (taken < limit && this.#mapping) {
        const chunk = this.#copyCommitted(this.#mapping, limit - taken)
        if (chunk === 0) break
        taken += this.#deliver(chunk, take)
      }
    } finally {
      this.#draining = false
    }
    return taken
  }

  cursor(): RingCursor {
    const mapping = this.#mapping
    if (!mapping) throw new Error('the ring buffer is closed')
    this.#begin()
    return new KernelRingCursor({
      mapping,
      mask: this.#mask,
      position: this.#position,
      isOpen: () => this.#mapping !== undefined,
      commit: (position) => this.#commit(position),
      end: () => {
        this.#draining = false
      },
    })
  }

  available(): number {
    if (!this.#mapping) return 0
    return Number(Atomics.load(this.#mapping.producer, 0)) - this.#position
  }

  onReadable(callback: () => void): () => void {
    if (!this.#mapping) throw new Error('the ring buffer is closed')
    return this.#readiness.listen(callback)
  }

  /** Must come before the map's descriptor is closed. */
  close(): void {
    this.#readiness.close()
    if (this.#mapping) unmapRing(this.#mapping)
    this.#mapping = undefined
  }

  /** One reader at a time, in this process and outside. */
  #begin(): void {
    if (this.#draining) throw new Error('drain() was called from within its own callback, or beside an open cursor')
    if (this.#mapping && Number(Atomics.load(this.#mapping.consumer, 0)) !== this.#position)
      throw new Error(
        `ring buffer "${this.#name}" has another consumer, which took records: only one can read a ring buffer`,
      )
    this.#draining = true
  }

  #commit(position: number): void {
    this.#position = position
    if (this.#mapping) Atomics.store(this.#mapping.consumer, 0, BigInt(position))
  }

  /** Copies whole committed records, discarded ones included, into the staging buffer; returns how many bytes. */
  #copyCommitted(mapping: RingMapping, limit: number): number {
    const { words, dataStart } = mapping
    const start = this.#position % 0x1_0000_0000
    const available = (Atomics.load(words, 0) - start) >>> 0
    const room = Math.max(CHUNK, this.#staging.length)
    let length = 0
    for (let records = 0; length < available && records < limit; ) {
      const header = Atomics.load(words, (dataStart + ((start + length) & this.#mask)) >>> 2)
      if (header & BUSY) break
      const size = recordSize(header)
      if (length > 0 && length + size > room) break
      length += size
      if (!(header & DISCARD)) records++
    }
    if (length > this.#staging.length) this.#staging = new Uint8Array(length)
    // The data is mapped twice, so this range never runs past the end.
    const from = dataStart + (start & this.#mask)
    this.#staging.set(mapping.bytes.subarray(from, from + length))
    return length
  }

  /** Hands out the staged records. What was handed out is released even when the callback throws. */
  #deliver(length: number, take: (bytes: Uint8Array, offset: number, length: number) => void): number {
    const staging = this.#staging
    const header = new DataView(staging.buffer)
    let taken = 0
    let at = 0
    try {
      while (at < length && this.#mapping) {
        const word = header.getInt32(at, true)
        const data = at + HEADER
        at += recordSize(word)
        if (word & DISCARD) continue
        taken++
        take(staging, data, word & LENGTH)
      }
    } finally {
      this.#commit(this.#position + at)
    }
    return taken
  }
}
