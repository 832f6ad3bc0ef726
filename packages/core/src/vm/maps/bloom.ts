/**
 * BLOOM_FILTER (kernel/bpf/bloom_filter.c 6.18): values that were added, without keys. The kernel may also say yes to a
 * value that nobody added; here the answer is exact, so that tests do not depend on the kernel's random hash seed.
 */
import { ERRNO } from '../errno.ts'
import { addPointer, type MapInit, UPDATE, type VmMap } from './map.ts'

export function createBloom(init: MapInit): VmMap {
  const { spec } = init
  const added = new Set<string>()
  const nameOf = (value: Uint8Array) => value.subarray(0, spec.valueSize).join()
  const add = (value: Uint8Array, flags: number): number => {
    if (flags !== UPDATE.any) return -ERRNO.EINVAL
    added.add(nameOf(value))
    return 0
  }
  return {
    spec,
    pointer: addPointer(init),
    cpuStride: 0,
    filter: { add, has: (value) => added.has(nameOf(value)) },
    find: () => -1,
    update: (_, value, flags) => add(value, flags),
    delete: () => -ERRNO.EOPNOTSUPP,
    nextKey: () => undefined,
  }
}
