/** PROG_ARRAY: programs of the same object by index, for tail calls (kernel/bpf/arraymap.c 6.18). */
import type { Code } from '../code.ts'
import { ERRNO } from '../errno.ts'
import type { MapInit, VmMap } from './map.ts'
import { addPointer, indexOf, nextIndex } from './map.ts'

export function createProgArray(init: MapInit): VmMap {
  const { spec } = init
  const programs: (Code | undefined)[] = new Array(spec.maxEntries).fill(undefined)
  return {
    spec,
    pointer: addPointer(init),
    cpuStride: 0,
    programs,
    // Programs are put in with setProgram; bytes (file descriptors) mean nothing here.
    find: () => -1,
    update: () => -ERRNO.EINVAL,
    delete(key) {
      const index = indexOf(key)
      if (index >= spec.maxEntries) return -ERRNO.E2BIG
      if (programs[index] === undefined) return -ERRNO.ENOENT
      programs[index] = undefined
      return 0
    },
    nextKey: (key) => nextIndex(key, spec.maxEntries),
  }
}
