/**
 * PERF_EVENT_ARRAY: one buffer of the loader's size for all CPUs, since runs follow one another here. Records that find no
 * room are counted as lost, as the kernel does (kernel/events/ring_buffer.c 6.18). Entries that user space would set (perf
 * file descriptors) mean nothing to the VM.
 */
import type { MapInit, VmMap } from './map.ts'
import { createRing, type ReadableMap } from './ringbuf.ts'

/** 64 pages of 4 KiB, what the loader maps per CPU. */
const BUFFER_BYTES = 64 * 4096

export function createPerfArray(init: MapInit): ReadableMap {
  const { pointer, ring, consumer, notify } = createRing({ ...init, spec: { ...init.spec, maxEntries: BUFFER_BYTES } })
  let lost = 0
  const entries: Pick<VmMap, 'find' | 'update' | 'delete' | 'nextKey'> = {
    find: () => -1,
    update: () => 0,
    delete: () => 0,
    nextKey: () => undefined,
  }
  return {
    ...entries,
    spec: init.spec,
    pointer,
    cpuStride: 0,
    perf: {
      write(record) {
        const room = ring.reserve(record.length)
        if (room === undefined) {
          lost++
          return false
        }
        room.bytes.set(record)
        room.commit('ready')
        return true
      },
    },
    consumer: { ...consumer, lost: () => lost },
    notify,
  }
}
