/**
 * SK_STORAGE, TASK_STORAGE, INODE_STORAGE, CGRP_STORAGE (kernel/bpf/bpf_local_storage.c 6.18): one value for each owner.
 * The key is a number of the owner, which to user space is a file descriptor and here is what the VM knows it by: see
 * `ownerOf` in helpers/storage.ts.
 */
import { ERRNO } from '../errno.ts'
import { createHash } from './hash.ts'
import type { MapInit, VmMap } from './map.ts'

/** Owners at a time. The kernel's limit is its memory; a storage that cannot be made is null there, too. */
const MAX_OWNERS = 256

export function createStorage(init: MapInit): VmMap {
  const { spec } = init
  const keyed = { ...spec, keySize: 4, maxEntries: MAX_OWNERS }
  // No `table`: programs do not look keys up themselves.
  const { table: _, ...hash } = createHash({ ...init, spec: keyed }, { perCpu: false, lru: false })
  return {
    ...hash,
    spec,
    update(key, value, flags, cpu) {
      // Values keep their place: programs hold pointers to them.
      const at = hash.find(key, 0, 'peek')
      if (at < 0 || flags !== 0) return hash.update(key, value, flags, cpu)
      hash.values!.bytes.set(value.subarray(0, spec.valueSize), at)
      return 0
    },
    // The kernel lists no owners (notsupp_get_next_key).
    nextKey: () => undefined,
    delete: (key) => (hash.delete(key) === 0 ? 0 : -ERRNO.ENOENT),
  }
}
