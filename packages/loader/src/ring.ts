/**
 * Consumer side of a ring buffer (kernel/bpf/ringbuf.c, 6.18). Two mappings of the map's file descriptor:
 *
 *   offset 0       one page, writable    consumer position, u64
 *   offset page    read-only             producer position, u64, in a page of its own; then the data, mapped twice in a
 *                                        row so that a record which wraps around is contiguous
 *
 *   record    u32 length | BUSY bit 31 | DISCARD bit 30,  u32 page offset,  data, padding to 8 bytes
 *
 * Writing to the read-only mapping kills the process, so it never leaves this file: records are copied in bulk into a
 * buffer of ours and handed out as views of that. Positions only grow; their low halves are enough for offsets and
 * distances (a ring has at most 2 GiB), and one 64-bit store commits the position, because the kernel must never see
 * half of one.
 */
import type { MapSpec } from '@unplugin-bpf/core/object'
import type { RingBackend } from '@unplugin-bpf/core/runtime'
import { checkSyscall } from './errors.ts'
import { pageSize } from './sys/machine.ts'
import { mapShared, PROT, startPoll, stopPoll, unmap } from './sys/syscall.ts'

const BUSY = 0x8000_0000 | 0
const DISCARD = 0x4000_0000
const LENGTH = 0x3fff_ffff
const HEADER = 8
/** Bytes copied at a time; longer records get a buffer of their own size. */
const CHUNK = 64 * 1024

interface Mapping {
  readonly buffers: readonly ArrayBuffer[]
  /** Consumer position. */
  readonly consumer: BigInt64Array
  /** Producer page and data as words; the producer position's low half is word 0. */
  readonly words: Int32Array
  readonly bytes: Uint8Array
  /** Offset of the data in `bytes`. */
  readonly dataStart: number
}

export class KernelRing implements RingBackend {
  readonly #fd: number
  readonly #mask: number
  #mapping: Mapping | undefined
  /** Consumer position, exact to 2^53. */
  #position: number
  #staging = new Uint8Array(CHUNK)
  #draining = false
  readonly #listeners = new Set<() => void>()
  #poll: number | undefined

  constructor(fd: number, spec: MapSpec) {
    this.#fd = fd
    this.#mask = spec.maxEntries - 1
    this.#mapping = mapRing(fd, spec)
    this.#position = Number(Atomics.load(this.#mapping.consumer, 0))
  }

  drain(take: (record: Uint8Array) => void, limit: number): number {
    if (this.#draining) throw new Error('drain() was called from within its own callback')
    this.#draining = true
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

  onReadable(callback: () => void): () => void {
    if (!this.#mapping) throw new Error('the ring buffer is closed')
    // An entry of our own, so that one function registered twice is called twice and stopped once.
    const listener = () => callback()
    this.#listeners.add(listener)
    this.#startPolling()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#stopPolling()
    }
  }

  /** Must come before the map's descriptor is closed. */
  close(): void {
    this.#stopPolling()
    this.#listeners.clear()
    for (const buffer of this.#mapping?.buffers ?? []) unmap(buffer)
    this.#mapping = undefined
  }

  /** Copies whole committed records, discarded ones included, into the staging buffer; returns how many bytes. */
  #copyCommitted(mapping: Mapping, limit: number): number {
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
  #deliver(length: number, take: (record: Uint8Array) => void): number {
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
        take(staging.subarray(data, data + (word & LENGTH)))
      }
    } finally {
      this.#position += at
      if (this.#mapping) Atomics.store(this.#mapping.consumer, 0, BigInt(this.#position))
    }
    return taken
  }

  /** One poll serves all listeners: libuv takes a descriptor only once per loop. */
  #startPolling(): void {
    if (this.#poll !== undefined) return
    this.#poll = checkSyscall(
      startPoll(this.#fd, () => {
        for (const listener of [...this.#listeners]) listener()
      }),
      'wait for ring buffer records',
      {
        causes: {
          ENOSYS: 'this runtime does not offer libuv to addons (Bun and Deno do not); call drain() from a timer',
        },
      },
    )
  }

  #stopPolling(): void {
    if (this.#poll !== undefined) stopPoll(this.#poll)
    this.#poll = undefined
  }
}

function recordSize(header: number): number {
  return ((header & LENGTH) + HEADER + 7) & ~7
}

function mapRing(fd: number, spec: MapSpec): Mapping {
  const page = pageSize()
  const consumer = mapPart(fd, page, PROT.READ | PROT.WRITE, 0, spec)
  try {
    const producer = mapPart(fd, page + 2 * spec.maxEntries, PROT.READ, page, spec)
    return {
      buffers: [consumer, producer],
      consumer: new BigInt64Array(consumer, 0, 1),
      words: new Int32Array(producer),
      bytes: new Uint8Array(producer),
      dataStart: page,
    }
  } catch (error) {
    unmap(consumer)
    throw error
  }
}

function mapPart(fd: number, length: number, prot: number, offset: number, spec: MapSpec): ArrayBuffer {
  const mapped = mapShared(fd, length, prot, offset)
  if (typeof mapped !== 'number') return mapped
  checkSyscall(mapped, `map ring buffer "${spec.name}" into memory`, {
    causes: { ENOSYS: 'this runtime forbids ArrayBuffers over foreign memory (Electron does)' },
  })
  throw new Error('unreachable: mmap gave a number that is no error')
}
