/**
 * Handle of a ring buffer. Every listener (`on`) and every running `for await` gets every record. Nothing is read while
 * nobody listens, or while an iterator's buffer is full: the records wait in the ring, so that a slow reader loses none
 * as long as the ring is large enough.
 */
import type { MapBackend, RingBackend, RingCursor } from './backend.ts'
import type { Codec } from './codec.ts'
import { BaseMap, type ObjectState } from './handle.ts'
import type { RingBuffer } from './types.ts'

/** Records per wake-up, so that a busy ring does not starve the event loop. */
const DRAIN_LIMIT = 1024
/** Records that wait for one iterator before reading pauses. */
const BUFFER_LIMIT = 4096

interface Sink<E> {
  push(record: E): void
  /** No room: reading must pause. */
  full(): boolean
  /** The object was closed. */
  end(): void
}

export interface RingInit<E> {
  readonly backend: MapBackend
  readonly state: ObjectState
  readonly record: Codec<E>
  /** Reads what the program counts as lost. */
  readonly lostCounter?: (() => number) | undefined
}

export class RingBufferHandle<E> extends BaseMap implements RingBuffer<E> {
  protected readonly label = 'RingBuffer'
  private readonly ring: RingBackend
  private readonly record: Codec<E>
  private readonly lostCounter: (() => number) | undefined
  private readonly sinks = new Set<Sink<E>>()
  private stopPolling: (() => void) | undefined

  constructor(init: RingInit<E>) {
    super(init.backend, init.state)
    const { ring } = init.backend
    if (ring === undefined) throw new TypeError(`map ${init.backend.spec.name} is no ring buffer`)
    this.ring = ring
    this.record = init.record
    this.lostCounter = init.lostCounter
  }

  on(callback: (record: E) => void): () => void {
    this.checkOpen()
    const sink: Sink<E> = { push: callback, full: () => false, end: () => {} }
    this.sinks.add(sink)
    this.poll()
    return () => this.drop(sink)
  }

  drain(limit = Number.POSITIVE_INFINITY): E[] {
    this.checkOpen()
    const records: E[] = []
    const { record } = this
    this.ring.scan((bytes, offset, length) => records.push(decodeRecord(record, bytes, offset, length)), limit)
    return records
  }

  cursor(): RingCursor {
    this.checkOpen()
    return this.ring.cursor()
  }

  get pending(): number {
    this.checkOpen()
    return this.ring.available()
  }

  get lost(): number | undefined {
    this.checkOpen()
    return this.ring.lost?.() ?? this.lostCounter?.()
  }

  [Symbol.asyncIterator](): AsyncIterator<E, undefined> {
    // Taken from the front by index: shifting a long array costs.
    let buffer: E[] = []
    let first = 0
    const waiting: ((result: IteratorResult<E, undefined>) => void)[] = []
    let done = false
    const sink: Sink<E> = {
      push(record) {
        const resolve = waiting.shift()
        if (resolve === undefined) buffer.push(record)
        else resolve({ done: false, value: record })
      },
      full: () => buffer.length - first >= BUFFER_LIMIT,
      end() {
        done = true
        for (const resolve of waiting.splice(0)) resolve({ done: true, value: undefined })
      },
    }
    return {
      next: async () => {
        if (first < buffer.length) {
          const value = buffer[first++]!
          if (first === buffer.length) {
            buffer = []
            first = 0
          }
          if (!done) this.poll()
          return { done: false, value }
        }
        if (done || this.state.closed) return { done: true, value: undefined }
        // Listening begins with the first step: until then the records wait in the ring.
        this.sinks.add(sink)
        return new Promise((resolve) => {
          waiting.push(resolve)
          this.poll()
        })
      },
      return: async () => {
        this.drop(sink)
        sink.end()
        return { done: true, value: undefined }
      },
    }
  }

  /** Ends all iterations; the object calls it when it is closed. */
  end(): void {
    this.stop()
    for (const sink of this.sinks) sink.end()
    this.sinks.clear()
  }

  private drop(sink: Sink<E>): void {
    this.sinks.delete(sink)
    if (this.sinks.size === 0) this.stop()
    else this.poll()
  }

  /** Starts or pauses reading, whichever the listeners need. */
  private poll(): void {
    if (this.state.closed) return
    const paused = this.sinks.size === 0 || [...this.sinks].some((sink) => sink.full())
    if (paused) this.stop()
    else this.stopPolling ??= this.ring.onReadable(() => this.pump())
  }

  private stop(): void {
    this.stopPolling?.()
    this.stopPolling = undefined
  }

  private pump(): void {
    if (this.state.closed) return
    this.ring.scan((bytes, offset, length) => this.deliver(bytes, offset, length), DRAIN_LIMIT)
    this.poll()
  }

  /** A listener that throws must not cost the others their record: its error surfaces as an unhandled rejection. */
  private deliver(bytes: Uint8Array, offset: number, length: number): void {
    try {
      const record = decodeRecord(this.record, bytes, offset, length)
      for (const sink of [...this.sinks]) {
        try {
          sink.push(record)
        } catch (error) {
          void Promise.reject(error)
        }
      }
    } catch (error) {
      void Promise.reject(error)
    }
  }

  protected content(): unknown {
    const { maxEntries, pending, lost } = this
    return { maxEntries, pending, ...(lost !== undefined && { lost }), listeners: this.sinks.size }
  }
}

/** Records may be shorter than their type (another program of the object wrote them): that must not show their neighbours. */
function decodeRecord<E>(codec: Codec<E>, bytes: Uint8Array, offset: number, length: number): E {
  if (length >= codec.size && codec.size > 0) return codec.decode(bytes, offset)
  return codec.decode(bytes.subarray(offset, offset + length))
}
