/**
 * Producer side of a user ring buffer (kernel/bpf/ringbuf.c, `__bpf_user_ringbuf_peek`, 6.18): this process writes records,
 * a program takes them with bpf_user_ringbuf_drain. Only one process writes, so that a record is complete before the
 * producer position shows it.
 */
import type { MapSpec } from '@unplugin-bpf/core/object'
import type { UserRingBackend } from '@unplugin-bpf/core/runtime'
import { HEADER, LENGTH, mapRing, type RingMapping, recordSize, unmapRing } from './mapping.ts'

export class UserRing implements UserRingBackend {
  readonly #name: string
  readonly #size: number
  #mapping: RingMapping | undefined

  constructor(fd: number, spec: MapSpec) {
    this.#name = spec.name
    this.#size = spec.maxEntries
    this.#mapping = mapRing(fd, spec, 'producer')
  }

  push(record: Uint8Array): boolean {
    const mapping = this.#open()
    const size = recordSize(record.length)
    if (record.length > LENGTH || size > this.#size)
      throw new RangeError(
        `ring buffer "${this.#name}" has ${this.#size} bytes; a record of ${record.length} never fits`,
      )
    const produced = Number(Atomics.load(mapping.producer, 0))
    const consumed = Number(Atomics.load(mapping.consumer, 0))
    if (produced - consumed + size > this.#size) return false
    const at = mapping.dataStart + (produced % this.#size)
    // The data is mapped twice, so a record never has to be split.
    mapping.bytes.set(record, at + HEADER)
    mapping.view.setUint32(at + 4, 0, true)
    Atomics.store(mapping.words, at >>> 2, record.length)
    Atomics.store(mapping.producer, 0, BigInt(produced + size))
    return true
  }

  pending(): number {
    const { producer, consumer } = this.#open()
    return Number(Atomics.load(producer, 0)) - Number(Atomics.load(consumer, 0))
  }

  close(): void {
    if (this.#mapping) unmapRing(this.#mapping)
    this.#mapping = undefined
  }

  #open(): RingMapping {
    if (!this.#mapping) throw new Error(`ring buffer "${this.#name}" is closed`)
    return this.#mapping
  }
}
