/**
 * Map kinds: what a declaration must say and which class user space gets. Numbers come from `generated/enums.ts` by the
 * kernel's name. Rules after kernel/bpf/{hashtab,arraymap,ringbuf,lpm_trie}.c (6.18).
 */
export interface MapTypeRow {
  /** `BPF_MAP_TYPE_*` number, include/uapi/linux/bpf.h. */
  readonly id: number
  /** `index`: u32 key below max_entries; `none`: no key. */
  readonly key: 'any' | 'index' | 'none' | 'lpm'
  readonly value: 'any' | 'none' | 'fd'
  readonly maxEntries: 'count' | 'pageBytes'
  readonly perCpu: boolean
  /** Keys appear by update (hash kinds); false: all keys exist from the start (array kinds). */
  readonly sparse: boolean
  /** Flags that must be given (BPF_F_NO_PREALLOC for LPM tries). */
  readonly requiredFlags: number
  /** Class of the user-space handle. */
  readonly handle: 'array' | 'hash' | 'perCpuArray' | 'perCpuHash' | 'lpm' | 'ringbuf' | 'progArray' | 'other'
  /** Kernel that has it first. */
  readonly since: string
}

const row = (id: number, since: string, more: Partial<MapTypeRow> = {}): MapTypeRow => ({
  id,
  key: 'any',
  value: 'any',
  maxEntries: 'count',
  perCpu: false,
  sparse: true,
  requiredFlags: 0,
  handle: 'hash',
  since,
  ...more,
})

export const MAP_TYPES = {
  hash: row(1, '3.19'),
  array: row(2, '3.19', { key: 'index', sparse: false, handle: 'array' }),
  prog_array: row(3, '4.2', { key: 'index', value: 'fd', sparse: true, handle: 'progArray' }),
  percpu_hash: row(5, '4.6', { perCpu: true, handle: 'perCpuHash' }),
  percpu_array: row(6, '4.6', { key: 'index', perCpu: true, sparse: false, handle: 'perCpuArray' }),
  lru_hash: row(9, '4.10'),
  lru_percpu_hash: row(10, '4.10', { perCpu: true, handle: 'perCpuHash' }),
  lpm_trie: row(11, '4.11', { key: 'lpm', requiredFlags: 1, handle: 'lpm' }),
  ringbuf: row(27, '5.8', { key: 'none', value: 'none', maxEntries: 'pageBytes', handle: 'ringbuf' }),
} as const satisfies Record<string, MapTypeRow>

export type MapTypeName = keyof typeof MAP_TYPES
