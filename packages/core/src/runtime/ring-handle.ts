/**
 * Handle of a ring buffer. Every listener (`on`) and every running `for await` gets every record. Nothing is read while
 * nobody listens, or while an iterator's buffer is full: the records wait in the ring, so that a slow reader loses none
 * as long as the ring is large enough.
 */
import type { MapBackend, RingBackend } from './backend.ts'
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
}

export class RingBufferHandle<E> extends BaseMap implements RingBuffer<E> {
  protected readonly label = 'RingBuffer'
  private readonly ring: RingBackend
  private readonly record: Codec<E>
  private readonly sinks = new Set<Sink<E>>()
  private stopPolling: (() => void) | undefined

  constructor(init: RingInit<E>) {
    super(init.backend, init.state)
    const { ring } = init.backend
    if (ring === undefined) throw new TypeError(`map ${init.backend.spec.name} is no ring buffer`)
    this.ring = ring
    this.record = init.record
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
    this.ring.drain((bytes) => records.push(this.record.decode(bytes)), limit)
    return records
  }

  [Symbol.asyncIterator](): AsyncIterator<E, undefined> {
    const buffer: E[] = []
    const waiting: ((result: IteratorResult<E, undefined>) => void)[] = []
    let done = false
    const sink: Sink<E> = {
      push(record) {
        const resolve = waiting.shift()
        if (resolve === undefined) buffer.push(record)
        else resolve({ done: false, value: record })
      },
      full: () => buffer.length >= BUFFER_LIMIT,
      end() {
        done = true
        for (const resolve of waiting.splice(0)) resolve({ done: true, value: undefined })
      },
    }
    return {
      next: async () => {
        if (buffer.length > 0) {
          const value = buffer.shift()!
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
    this.ring.drain((bytes) => this.deliver(bytes), DRAIN_LIMIT)
    this.poll()
  }

  /** A listener that throws must not cost the others their record: its error surfaces as an unhandled rejection. */
  private deliver(bytes: Uint8Array): void {
    try {
      const record = this.record.decode(bytes)
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
    return { maxEntries: this.maxEntries, listeners: this.sinks.size }
  }
}
