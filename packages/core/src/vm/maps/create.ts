/** Makes the map that a spec describes; refuses what the kernel would refuse at creation, and kinds the VM lacks. */
import type { MapSpec } from '../../object/object.ts'
import { MAP_TYPES, type MapTypeName, type MapTypeRow } from '../../tables/map-types.ts'
import { ERRNO, VmError } from '../errno.ts'
import { createArray } from './array.ts'
import { createBloom } from './bloom.ts'
import { createHash } from './hash.ts'
import { createLpm } from './lpm.ts'
import type { MapInit, VmMap } from './map.ts'
import { createMapOfMaps } from './map-of-maps.ts'
import { createPerfArray } from './perf-array.ts'
import { createProgArray } from './prog-array.ts'
import { createQueue } from './queue.ts'
import { createRing } from './ringbuf.ts'
import { createStorage } from './storage.ts'

/** Page size that ring buffers are measured in. */
const PAGE = 4096
/** bpf_lpm_trie_key_u8: prefix length before the data; LPM_DATA_SIZE_MAX. */
const LPM_HEADER = 4
const LPM_DATA_MAX = 256

type Create = (init: MapInit) => VmMap

const plain = { perCpu: false, lru: false } as const

/** Kinds without an entry are not simulated. */
const CREATORS: Partial<Record<MapTypeName, Create>> = {
  array: (init) => createArray({ ...init, cpus: 1 }),
  percpu_array: createArray,
  hash: (init) => createHash(init, plain),
  percpu_hash: (init) => createHash(init, { perCpu: true, lru: false }),
  lru_hash: (init) => createHash(init, { perCpu: false, lru: true }),
  lru_percpu_hash: (init) => createHash(init, { perCpu: true, lru: true }),
  lpm_trie: createLpm,
  prog_array: createProgArray,
  array_of_maps: createMapOfMaps,
  hash_of_maps: createMapOfMaps,
  ringbuf: createRing,
  queue: (init) => createQueue(init, 'fifo'),
  stack: (init) => createQueue(init, 'lifo'),
  bloom_filter: createBloom,
  sk_storage: createStorage,
  task_storage: createStorage,
  inode_storage: createStorage,
  cgrp_storage: createStorage,
  // What redirect_map looks up; the entries (devices, CPUs, sockets) mean nothing to the VM.
  devmap: (init) => createHash(init, plain),
  devmap_hash: (init) => createHash(init, plain),
  cpumap: (init) => createHash(init, plain),
  xskmap: (init) => createHash(init, plain),
  perf_event_array: createPerfArray,
}

export function createMap(init: MapInit): VmMap {
  const { spec } = init
  // The spec's type is text from an ELF file.
  const create = Object.hasOwn(CREATORS, spec.type) ? CREATORS[spec.type as MapTypeName] : undefined
  if (create === undefined) throw new VmError(`map ${spec.name}: the VM does not simulate maps of type ${spec.type}`)
  checkSpec(spec, MAP_TYPES[spec.type as MapTypeName])
  return create(init)
}

function checkSpec(spec: MapSpec, row: MapTypeRow): void {
  const refuse = (what: string) => new VmError(`map ${spec.name} (${spec.type}): ${what}`, ERRNO.EINVAL)
  if (row.key === 'index' && spec.keySize !== 4) throw refuse(`keys have 4 bytes, not ${spec.keySize}`)
  if (row.key === 'none' && spec.keySize !== 0) throw refuse(`there is no key, but key_size is ${spec.keySize}`)
  if (row.maxEntries === 'count' && spec.maxEntries === 0) throw refuse('max_entries is 0')
  if (row.maxEntries === 'pageBytes') {
    const size = spec.maxEntries
    const isPowerOfTwo = size > 0 && (size & (size - 1)) === 0
    if (!isPowerOfTwo || size % PAGE !== 0) throw refuse(`max_entries ${size} is no power of two times ${PAGE}`)
  }
  if ((spec.flags & row.requiredFlags) !== row.requiredFlags) {
    throw refuse(`flags 0x${spec.flags.toString(16)} lack 0x${row.requiredFlags.toString(16)}`)
  }
  if (row.key === 'lpm' && (spec.keySize <= LPM_HEADER || spec.keySize > LPM_HEADER + LPM_DATA_MAX)) {
    throw refuse(`a key is a 4-byte prefix length and 1 to ${LPM_DATA_MAX} bytes of data, not ${spec.keySize} bytes`)
  }
}
