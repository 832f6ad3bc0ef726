/**
 * RINGBUF (kernel/bpf/ringbuf.c 6.18): records are delivered in the order of their reservation; a record that is still
 * being written holds up those behind it. Positions are counted in bytes as in the kernel (8-byte header, sizes rounded
 * up to 8), so that a full buffer refuses exactly where the kernel's does.
 */
import type { RingBackend } from '../../runtime/backend.ts'
import { drainingCursor } from '../../runtime/record-access.ts'
import { ERRNO } from '../errno.ts'
import type { MapInit, VmMap, VmRecord, VmRing } from './map.ts'
import { addPointer } from './map.ts'

/** BPF_RINGBUF_HDR_SZ. */
const HEADER = 8
/** RINGBUF_MAX_RECORD_SZ. */
const MAX_RECORD = 0x3fff_ffff

interface Record {
  readonly bytes: Uint8Array
  readonly total: number
  state: 'busy' | 'ready' | 'discarded'
}

/** A map whose records user space reads. */
export interface ReadableMap extends VmMap {
  readonly consumer: RingBackend
  /** Tells listeners, when something was committed since the last call. */
  notify(): void
}

export interface RingMap extends ReadableMap {
  readonly ring: VmRing
}

export function createRing(init: MapInit): RingMap {
  const { spec } = init
  const size = spec.maxEntries
  const queue: Record[] = []
  const listeners = new Set<() => void>()
  let consumed = 0
  let produced = 0
  let committed = false

  /** Position of the oldest record that is still busy, else the producer's. */
  const pending = (): number => {
    let position = consumed
    for (const record of queue) {
      if (record.state === 'busy') return position
      position += record.total
    }
    return position
  }

  const reserve = (length: number): VmRecord | undefined => {
    const total = Math.ceil((length + HEADER) / 8) * 8
    if (length > MAX_RECORD || total > size) return undefined
    const end = produced + total
    // The producer may be at most size - 1 ahead of the consumer and of the oldest busy record.
    if (end - consumed > size - 1 || end - pending() > size - 1) return undefined
    produced = end
    const record: Record = { bytes: new Uint8Array(length), total, state: 'busy' }
    queue.push(record)
    return {
      bytes: record.bytes,
      commit(as) {
        record.state = as
        committed = true
      },
    }
  }

  /** Calls back after the current job, so that a listener cannot run inside a program's run. */
  const wake = (listener: () => void) => {
    void Promise.resolve().then(() => {
      if (listeners.has(listener)) listener()
    })
  }

  const drain = (take: (record: Uint8Array) => void, limit: number): number => {
    let taken = 0
    while (taken < limit && queue.length > 0 && queue[0]!.state !== 'busy') {
      const record = queue.shift()!
      consumed += record.total
      if (record.state === 'ready') {
        taken++
        take(record.bytes)
      }
    }
    // A bounded drain left records behind: they count as readable still.
    if (queue.length > 0 && queue[0]!.state !== 'busy') for (const listener of listeners) wake(listener)
    return taken
  }

  return {
    spec,
    pointer: addPointer(init),
    cpuStride: 0,
    // Only the ring buffer helpers work on it; map_lookup_elem and friends are refused by the verifier.
    find: () => -1,
    update: () => -ERRNO.ENOTSUPP,
    delete: () => -ERRNO.ENOTSUPP,
    nextKey: () => undefined,
    ring: { reserve, query: (what) => [produced - consumed, size, consumed, produced][what] ?? 0 },
    consumer: {
      drain,
      scan: (take, limit) => drain((record) => take(record, 0, record.length), limit),
      cursor: () => drainingCursor(drain),
      available: () => produced - consumed,
      onReadable(callback) {
        const listener = () => callback()
        listeners.add(listener)
        if (queue.length > 0) wake(listener)
        return () => listeners.delete(listener)
      },
    },
    notify() {
      if (!committed) return
      committed = false
      for (const listener of listeners) wake(listener)
    },
  }
}
