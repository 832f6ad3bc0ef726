/**
 * ARRAY and PERCPU_ARRAY (kernel/bpf/arraymap.c 6.18): every index has a value from the start, nothing can be deleted.
 * Per CPU: the values of one CPU lie together, so that a program's pointer moves within its own CPU's array.
 */
import { ERRNO } from '../errno.ts'
import type { MapInit, VmMap } from './map.ts'
import { addPointer, addValues, indexOf, nextIndex, strideOf, UPDATE } from './map.ts'

/** `cpus` is 1 for ARRAY. */
export function createArray(init: MapInit): VmMap {
  const { spec, cpus } = init
  const stride = strideOf(spec)
  const cpuStride = stride * spec.maxEntries
  const values = addValues(init, spec.maxEntries * cpus)
  if (spec.data) {
    values.bytes.set(spec.data.content)
    if (spec.data.frozen) values.access = 'read'
  }
  return {
    spec,
    pointer: addPointer(init),
    values,
    cpuStride,
    find(key, cpu) {
      const index = indexOf(key)
      return index < spec.maxEntries ? cpu * cpuStride + index * stride : -1
    },
    update(key, value, flags, cpu) {
      const index = indexOf(key)
      if (flags > UPDATE.exist) return -ERRNO.EINVAL
      // A frozen map refuses writes from user space (map_get_sys_perms, kernel/bpf/syscall.c 6.18).
      if (spec.data?.frozen) return -ERRNO.EPERM
      if (index >= spec.maxEntries) return -ERRNO.E2BIG
      if (flags === UPDATE.noExist) return -ERRNO.EEXIST
      writeValue(this, index * stride, value, cpu)
      return 0
    },
    delete: () => -ERRNO.EINVAL,
    nextKey: (key) => nextIndex(key, spec.maxEntries),
  }
}

/** One value for `cpu`, or with `cpu` -1 one per CPU, `round_up(valueSize, 8)` bytes apart. */
export function writeValue(map: VmMap, offset: number, value: Uint8Array, cpu: number): void {
  const { valueSize } = map.spec
  const bytes = map.values!.bytes
  if (cpu >= 0) {
    bytes.set(value.subarray(0, valueSize), offset + cpu * map.cpuStride)
    return
  }
  const stride = strideOf(map.spec)
  for (let i = 0; i * stride < value.length; i++) {
    bytes.set(value.subarray(i * stride, i * stride + valueSize), offset + i * map.cpuStride)
  }
}
