/**
 * Map kinds: what a declaration must say and which class user space gets. Numbers come from `generated/enums.ts` by the
 * kernel's name. Rules after the `map_alloc_check` functions in kernel/bpf (hashtab, arraymap, ringbuf, lpm_trie, ...),
 * net/core/sock_map.c and net/xdp/xskmap.c (6.18).
 */
import { KERNEL_CONSTANTS, MAP_TYPE_IDS } from './generated/enums.ts'

/**
 * Classes of user-space handles. `targets`: devices and CPUs, which can be read back; `descriptors`: sockets, cgroups, and
 * what else is written as a file descriptor; `perf`: a ring per CPU. `other`: bytes.
 */
export type MapHandleKind =
  | 'array'
  | 'hash'
  | 'perCpuArray'
  | 'perCpuHash'
  | 'lpm'
  | 'ringbuf'
  | 'userRing'
  | 'perf'
  | 'progArray'
  | 'mapArray'
  | 'mapHash'
  | 'queue'
  | 'bloom'
  | 'targets'
  | 'descriptors'
  | 'storage'
  | 'stacks'
  | 'other'

export interface MapTypeRow {
  /** `BPF_MAP_TYPE_*` number, include/uapi/linux/bpf.h. */
  readonly id: number
  /** `index`: u32 key below max_entries; `none`: no key; `fd`: an int that names a socket, task or cgroup to user space. */
  readonly key: 'any' | 'index' | 'none' | 'lpm' | 'fd'
  /** `fd`: user space writes a file descriptor (4 bytes). */
  readonly value: 'any' | 'none' | 'fd'
  /** `zero`: must be 0; `optional`: the kernel fills in a default or ignores it. */
  readonly maxEntries: 'count' | 'pageBytes' | 'zero' | 'optional'
  readonly perCpu: boolean
  /** Keys appear by update (hash kinds); false: all keys exist from the start (array kinds). */
  readonly sparse: boolean
  /** Flags that must be given (BPF_F_NO_PREALLOC for LPM tries). */
  readonly requiredFlags: number
  /** Class of the user-space handle. */
  readonly handle: MapHandleKind
  /** What programs may do through the map helpers (check_map_func_compatibility, kernel/bpf/verifier.c). */
  readonly program: 'readWrite' | 'lookup' | 'helper' | 'none'
  /** Kernel that has it first. */
  readonly since: string
}

const NO_PREALLOC = Number(KERNEL_CONSTANTS.BPF_F_NO_PREALLOC)
const MMAPABLE = Number(KERNEL_CONSTANTS.BPF_F_MMAPABLE)

const row = <const M extends Partial<MapTypeRow>>(id: number, since: string, more?: M): MapTypeRow => ({
  id,
  key: 'any',
  value: 'any',
  maxEntries: 'count',
  perCpu: false,
  sparse: true,
  requiredFlags: 0,
  handle: 'hash',
  program: 'readWrite',
  since,
  ...more,
})
const storage = {
  key: 'fd',
  maxEntries: 'zero',
  requiredFlags: NO_PREALLOC,
  handle: 'storage',
  program: 'helper',
} as const
const redirect = { key: 'index', handle: 'targets', program: 'lookup' } as const
const ids = MAP_TYPE_IDS

export const MAP_TYPES = {
  hash: row(ids.hash, '3.19'),
  array: row(ids.array, '3.19', { key: 'index', sparse: false, handle: 'array' }),
  prog_array: row(ids.prog_array, '4.2', { key: 'index', value: 'fd', handle: 'progArray', program: 'helper' }),
  perf_event_array: row(ids.perf_event_array, '4.3', {
    key: 'index',
    value: 'fd',
    // 0: one entry per CPU, which the loader knows.
    maxEntries: 'optional',
    handle: 'perf',
    program: 'helper',
  }),
  percpu_hash: row(ids.percpu_hash, '4.6', { perCpu: true, handle: 'perCpuHash' }),
  percpu_array: row(ids.percpu_array, '4.6', { key: 'index', perCpu: true, sparse: false, handle: 'perCpuArray' }),
  stack_trace: row(ids.stack_trace, '4.6', { handle: 'stacks', program: 'helper' }),
  cgroup_array: row(ids.cgroup_array, '4.8', { key: 'index', value: 'fd', handle: 'descriptors', program: 'helper' }),
  lru_hash: row(ids.lru_hash, '4.10'),
  lru_percpu_hash: row(ids.lru_percpu_hash, '4.10', { perCpu: true, handle: 'perCpuHash' }),
  lpm_trie: row(ids.lpm_trie, '4.11', { key: 'lpm', requiredFlags: NO_PREALLOC, handle: 'lpm' }),
  array_of_maps: row(ids.array_of_maps, '4.12', { key: 'index', value: 'fd', handle: 'mapArray', program: 'lookup' }),
  hash_of_maps: row(ids.hash_of_maps, '4.12', { value: 'fd', handle: 'mapHash', program: 'lookup' }),
  devmap: row(ids.devmap, '4.14', redirect),
  sockmap: row(ids.sockmap, '4.14', { key: 'index', value: 'fd', handle: 'descriptors', program: 'helper' }),
  cpumap: row(ids.cpumap, '4.15', { ...redirect, program: 'helper' }),
  xskmap: row(ids.xskmap, '4.18', { ...redirect, value: 'fd', handle: 'descriptors' }),
  sockhash: row(ids.sockhash, '4.18', { value: 'fd', handle: 'descriptors', program: 'helper' }),
  cgroup_storage: row(ids.cgroup_storage, '4.19', { maxEntries: 'zero', handle: 'other', program: 'helper' }),
  reuseport_sockarray: row(ids.reuseport_sockarray, '4.19', {
    key: 'index',
    value: 'fd',
    handle: 'descriptors',
    program: 'helper',
  }),
  percpu_cgroup_storage: row(ids.percpu_cgroup_storage, '4.20', {
    maxEntries: 'zero',
    perCpu: true,
    handle: 'other',
    program: 'helper',
  }),
  queue: row(ids.queue, '4.20', { key: 'none', handle: 'queue', program: 'helper' }),
  stack: row(ids.stack, '4.20', { key: 'none', handle: 'queue', program: 'helper' }),
  sk_storage: row(ids.sk_storage, '5.2', storage),
  devmap_hash: row(ids.devmap_hash, '5.4', { handle: 'targets', program: 'lookup' }),
  struct_ops: row(ids.struct_ops, '5.6', { key: 'index', handle: 'other', program: 'none' }),
  ringbuf: row(ids.ringbuf, '5.8', {
    key: 'none',
    value: 'none',
    maxEntries: 'pageBytes',
    handle: 'ringbuf',
    program: 'helper',
  }),
  inode_storage: row(ids.inode_storage, '5.10', storage),
  task_storage: row(ids.task_storage, '5.11', storage),
  bloom_filter: row(ids.bloom_filter, '5.16', { key: 'none', handle: 'bloom', program: 'helper' }),
  user_ringbuf: row(ids.user_ringbuf, '6.1', {
    key: 'none',
    value: 'none',
    maxEntries: 'pageBytes',
    handle: 'userRing',
    program: 'helper',
  }),
  cgrp_storage: row(ids.cgrp_storage, '6.2', storage),
  arena: row(ids.arena, '6.9', {
    key: 'none',
    value: 'none',
    // Counted in pages.
    maxEntries: 'count',
    requiredFlags: MMAPABLE,
    handle: 'other',
    program: 'none',
  }),
} as const satisfies Record<string, MapTypeRow>

export type MapTypeName = keyof typeof MAP_TYPES
