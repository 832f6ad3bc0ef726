/** QUEUE and STACK (kernel/bpf/queue_stack_maps.c 6.18): values without keys. */
import { ERRNO } from '../errno.ts'
import type { MapInit, VmMap, VmQueue } from './map.ts'
import { addPointer, UPDATE } from './map.ts'

export function createQueue(init: MapInit, order: 'fifo' | 'lifo'): VmMap {
  const { spec } = init
  const values: Uint8Array[] = []
  const next = () => (order === 'fifo' ? values[0] : values.at(-1))
  const queue: VmQueue = {
    push(value, flags) {
      if (flags !== UPDATE.any && flags !== UPDATE.exist) return -ERRNO.EINVAL
      if (values.length >= spec.maxEntries) {
        // BPF_EXIST: make room by dropping the oldest.
        if (flags !== UPDATE.exist) return -ERRNO.E2BIG
        values.shift()
      }
      values.push(value.slice(0, spec.valueSize))
      return 0
    },
    peek(out) {
      const value = next()
      out.fill(0)
      if (value === undefined) return -ERRNO.ENOENT
      out.set(value)
      return 0
    },
    pop(out) {
      const result = this.peek(out)
      if (result === 0) order === 'fifo' ? values.shift() : values.pop()
      return result
    },
  }
  return {
    spec,
    pointer: addPointer(init),
    cpuStride: 0,
    queue,
    find: () => -1,
    update: (_, value, flags) => queue.push(value, flags),
    delete: () => -ERRNO.EINVAL,
    nextKey: () => undefined,
  }
}
