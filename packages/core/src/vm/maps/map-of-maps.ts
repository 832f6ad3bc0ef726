/**
 * ARRAY_OF_MAPS and HASH_OF_MAPS (kernel/bpf/map_in_map.c 6.18): programs look a map up and use it; user space puts maps
 * in. Keys behave as those of the plain kinds, of which one keeps them here; its values only say that a map is there.
 */
import { KERNEL_CONSTANTS } from '../../tables/generated/enums.ts'
import { ERRNO } from '../errno.ts'
import { createArray } from './array.ts'
import { createHash, keyId } from './hash.ts'
import type { MapInit, VmMap } from './map.ts'

/** Arrays of other sizes than the template's are welcome. */
const INNER_MAP = Number(KERNEL_CONSTANTS.BPF_F_INNER_MAP)

const PRESENT = Uint8Array.of(1, 0, 0, 0)

export function createMapOfMaps(init: MapInit): VmMap {
  const isArray = init.spec.type === 'array_of_maps'
  const keys = isArray ? createArray({ ...init, cpus: 1 }) : createHash(init, { perCpu: false, lru: false })
  const entries = new Map<string | number, VmMap>()
  return {
    spec: keys.spec,
    pointer: keys.pointer,
    cpuStride: 0,
    find: () => -1,
    update: () => -ERRNO.EINVAL,
    delete(key) {
      const known = entries.delete(keyId(key))
      // An entry of an array of maps can be taken out (fd_array_map_delete_elem).
      if (isArray) return known ? 0 : -ERRNO.ENOENT
      return keys.delete(key)
    },
    nextKey: (key) => keys.nextKey(key),
    maps: {
      get: (key) => entries.get(keyId(key)),
      set(key, map, flags) {
        const inner = init.spec.inner
        if (inner && !looksLike(map.spec, inner)) return -ERRNO.EINVAL
        const result = keys.update(key, PRESENT, flags, 0)
        if (result === 0) entries.set(keyId(key), map)
        return result
      },
    },
  }
}

/** bpf_map_meta_equal and array_map_meta_equal. */
function looksLike(spec: VmMap['spec'], template: VmMap['spec']): boolean {
  const same = (['type', 'keySize', 'valueSize', 'flags'] as const).every((field) => spec[field] === template[field])
  return same && (spec.type !== 'array' || (spec.flags & INNER_MAP) !== 0 || spec.maxEntries === template.maxEntries)
}
