/**
 * ARRAY_OF_MAPS and HASH_OF_MAPS (kernel/bpf/map_in_map.c 6.18): programs look a map up and use it; user space puts maps
 * in. Keys behave as those of the plain kinds, of which one keeps them here; its values only say that a map is there.
 */
import { KERNEL_CONSTANTS } from '../../tables/generated/enums.ts'
import { ERRNO } from '../errno.ts'
import { createArray } from './array.ts'
import { createHash } from './hash.ts'
import { indexKey, type MapInit, UPDATE, type VmMap } from './map.ts'

/** Arrays of other sizes than the template's are welcome. */
const INNER_MAP = Number(KERNEL_CONSTANTS.BPF_F_INNER_MAP)

export function createMapOfMaps(init: MapInit): VmMap {
  const isArray = init.spec.type === 'array_of_maps'
  const keys = isArray ? createArray({ ...init, cpus: 1 }) : createHash(init, { perCpu: false, lru: false })
  // An entry is the number of a map here; 0 is none.
  const held: (VmMap | undefined)[] = [undefined]
  const numberOf = (map: VmMap): number => {
    const known = held.indexOf(map)
    return known >= 0 ? known : held.push(map) - 1
  }
  const get = (key: Uint8Array): VmMap | undefined => {
    const at = keys.find(key, 0, 'peek')
    return at < 0 ? undefined : held[keys.values!.view.getUint32(at, true)]
  }
  return {
    spec: keys.spec,
    pointer: keys.pointer,
    cpuStride: 0,
    find: () => -1,
    update: () => -ERRNO.EINVAL,
    delete(key) {
      if (!isArray) return keys.delete(key)
      // An entry of an array of maps can be taken out (fd_array_map_delete_elem).
      return get(key) === undefined ? -ERRNO.ENOENT : keys.update(key, indexKey(0), UPDATE.any, 0)
    },
    nextKey: (key) => keys.nextKey(key),
    maps: {
      get,
      set(key, map, flags) {
        const { inner } = init.spec
        if (inner && !looksLike(map.spec, inner)) return -ERRNO.EINVAL
        return keys.update(key, indexKey(numberOf(map)), flags, 0)
      },
    },
  }
}

/** bpf_map_meta_equal and array_map_meta_equal. */
function looksLike(spec: VmMap['spec'], template: VmMap['spec']): boolean {
  const same = (['type', 'keySize', 'valueSize', 'flags'] as const).every((field) => spec[field] === template[field])
  return same && (spec.type !== 'array' || (spec.flags & INNER_MAP) !== 0 || spec.maxEntries === template.maxEntries)
}
