/** Map helpers (kernel/bpf/helpers.c, arraymap.c, bpf_local_storage; 6.18). */
import { k, r } from './args.ts'
import { helper } from './row.ts'

/** Values lie in the map: replacing or deleting an entry may change what a pointer into it shows. */
const CHANGES_MAP = { writes: ['map', 'mapValue'] } as const

export const mapHelpers = {
  map_lookup_elem: helper({
    args: [k.map(), k.key(0)],
    ret: r.valueOrNull(0),
    packetArgs: true,
    doc: 'Pointer to the value stored under the key, or null.',
  }),
  map_update_elem: helper({
    args: [k.map(), k.key(0), k.value(0), k.int('flags')],
    ret: r.long,
    effects: CHANGES_MAP,
    packetArgs: true,
    doc: 'Stores a copy of the value under the key; flags: BPF_ANY, BPF_NOEXIST or BPF_EXIST.',
  }),
  map_delete_elem: helper({
    args: [k.map(), k.key(0)],
    ret: r.long,
    effects: CHANGES_MAP,
    packetArgs: true,
    doc: 'Removes the entry of the key.',
  }),
  map_push_elem: helper({
    args: [k.map('queue', 'stack', 'bloom_filter'), k.value(0), k.int('flags')],
    ret: r.long,
    effects: CHANGES_MAP,
    packetArgs: true,
    doc: 'Appends a value to a queue, stack or bloom filter; BPF_EXIST drops the oldest when it is full.',
  }),
  map_pop_elem: helper({
    args: [k.map('queue', 'stack'), k.value(0)],
    ret: r.long,
    effects: { writes: ['map', 'mapValue', 'stack', 'ringbuf'] },
    doc: 'Takes the next value out of a queue or stack into memory.',
  }),
  map_peek_elem: helper({
    args: [k.map('queue', 'stack', 'bloom_filter'), k.value(0)],
    ret: r.long,
    effects: { writes: ['mapValue', 'stack', 'ringbuf'] },
    doc: 'Copies the next value of a queue or stack, or asks a bloom filter for a value.',
  }),
  map_lookup_percpu_elem: helper({
    args: [k.map('percpu_array', 'percpu_hash', 'lru_percpu_hash'), k.key(0), k.int32('cpu')],
    ret: r.valueOrNull(0),
    packetArgs: true,
    doc: 'Pointer to the value that a per-CPU map holds for the given CPU, or null.',
  }),
  for_each_map_elem: helper({
    args: [
      k.map('hash', 'lru_hash', 'percpu_hash', 'lru_percpu_hash', 'array', 'percpu_array'),
      k.typed('callback', 'func'),
      k.typed('callback_ctx', 'stack_or_null'),
      k.int('flags'),
    ],
    ret: r.long,
    effects: { writes: ['map', 'mapValue', 'stack', 'ringbuf', 'packet', 'kernel'], observable: true },
    doc: 'Calls a function of the program for every entry of the map.',
  }),
  tail_call: helper({
    args: [k.ctx(), k.map('prog_array'), k.int32('index')],
    ret: r.void,
    // The next program sees every memory; a call that fails changes nothing, and packet pointers survive it (6.18).
    effects: { observable: true, reads: ['mapValue', 'packet'] },
    doc: 'Continues in the program of a slot and never returns; falls through when the slot is empty.',
  }),
  get_local_storage: helper({
    args: [k.map('cgroup_storage', 'percpu_cgroup_storage'), k.int('flags')],
    ret: { kind: 'ptr', space: 'mapValue', nullable: false },
    doc: 'Pointer to the storage of the cgroup that the program is attached to.',
  }),
  sk_storage_get: helper({
    args: [k.map('sk_storage'), k.typed('sk', 'sock'), k.typed('value', 'map_value_or_null'), k.int('flags')],
    ret: r.valueOrNull(0),
    effects: CHANGES_MAP,
    doc: 'Pointer to what the map stores for a socket, or null; can create it.',
  }),
  sk_storage_delete: helper({
    args: [k.map('sk_storage'), k.typed('sk', 'sock')],
    ret: r.long,
    effects: CHANGES_MAP,
    doc: 'Removes what the map stores for a socket.',
  }),
  inode_storage_get: helper({
    args: [k.map('inode_storage'), k.typed('inode', 'inode'), k.typed('value', 'map_value_or_null'), k.int('flags')],
    ret: r.valueOrNull(0),
    effects: CHANGES_MAP,
    doc: 'Pointer to what the map stores for an inode, or null; can create it.',
  }),
  inode_storage_delete: helper({
    args: [k.map('inode_storage'), k.typed('inode', 'inode')],
    ret: r.long,
    effects: CHANGES_MAP,
    doc: 'Removes what the map stores for an inode.',
  }),
  task_storage_get: helper({
    args: [
      k.map('task_storage'),
      k.typed('task', 'task_struct'),
      k.typed('value', 'map_value_or_null'),
      k.int('flags'),
    ],
    ret: r.valueOrNull(0),
    effects: CHANGES_MAP,
    doc: 'Pointer to what the map stores for a task, or null; can create it.',
  }),
  task_storage_delete: helper({
    args: [k.map('task_storage'), k.typed('task', 'task_struct')],
    ret: r.long,
    effects: CHANGES_MAP,
    doc: 'Removes what the map stores for a task.',
  }),
  cgrp_storage_get: helper({
    args: [k.map('cgrp_storage'), k.typed('cgroup', 'cgroup'), k.typed('value', 'map_value_or_null'), k.int('flags')],
    ret: r.valueOrNull(0),
    effects: CHANGES_MAP,
    doc: 'Pointer to what the map stores for a cgroup, or null; can create it.',
  }),
  cgrp_storage_delete: helper({
    args: [k.map('cgrp_storage'), k.typed('cgroup', 'cgroup')],
    ret: r.long,
    effects: CHANGES_MAP,
    doc: 'Removes what the map stores for a cgroup.',
  }),
  spin_lock: helper({
    args: [k.typed('lock', 'bpf_spin_lock')],
    ret: r.void,
    effects: { reads: ['mapValue'], writes: ['mapValue'], observable: true },
    doc: 'Takes the spin lock inside a map value.',
  }),
  spin_unlock: helper({
    args: [k.typed('lock', 'bpf_spin_lock')],
    ret: r.void,
    effects: { reads: ['mapValue'], writes: ['mapValue'], observable: true },
    doc: 'Releases the spin lock inside a map value.',
  }),
  kptr_xchg: helper({
    args: [k.typed('dst', 'kptr_slot'), k.typed('ptr', 'kptr_or_null')],
    ret: r.kernelPtrOrNull('kptr'),
    effects: { writes: ['mapValue'], observable: true },
    doc: 'Swaps the kernel pointer inside a map value for another and gives the old one.',
  }),
  timer_init: helper({
    args: [k.typed('timer', 'bpf_timer'), k.map(), k.int('flags')],
    ret: r.long,
    effects: { writes: ['mapValue'], observable: true },
    gplOnly: true,
    doc: 'Prepares the timer inside a map value for a clock.',
  }),
  timer_set_callback: helper({
    args: [k.typed('timer', 'bpf_timer'), k.typed('callback', 'func')],
    ret: r.long,
    effects: { writes: ['mapValue'], observable: true },
    gplOnly: true,
    doc: 'Sets the function of the program that a timer calls.',
  }),
  timer_start: helper({
    args: [k.typed('timer', 'bpf_timer'), k.int('nsecs'), k.int('flags')],
    ret: r.long,
    effects: { writes: ['mapValue'], observable: true },
    gplOnly: true,
    doc: 'Starts a timer.',
  }),
  timer_cancel: helper({
    args: [k.typed('timer', 'bpf_timer')],
    ret: r.long,
    effects: { writes: ['mapValue'], observable: true },
    gplOnly: true,
    doc: 'Stops a timer and waits for its function to end.',
  }),
}
