/**
 * Structs of the kernel that lie in a program's own memory: in map values (locks, timers) or on the stack (dynptrs,
 * iterators). Programs hand out their address and touch nothing inside. The kernel knows them by name and size
 * (btf_find_field, kernel/bpf/btf.c; include/uapi/linux/bpf.h, 6.18).
 */
import { type StructType, u32, u64 } from '../types/types.ts'

export interface KernelObjectRow {
  readonly type: StructType
  /** `mapValue`: the verifier wants it in the value of a map that has BTF. */
  readonly place: 'mapValue' | 'stack'
}

const opaque = (name: string, words: number, place: KernelObjectRow['place']): KernelObjectRow => ({
  place,
  type: {
    kind: 'struct',
    name,
    fields: [{ name: '__opaque', type: { kind: 'array', element: u64, length: words }, offset: 0 }],
    size: words * 8,
    align: 8,
  },
})

/** By C name. */
export const KERNEL_OBJECTS: Readonly<Record<string, KernelObjectRow>> = {
  bpf_spin_lock: {
    place: 'mapValue',
    type: { kind: 'struct', name: 'bpf_spin_lock', fields: [{ name: 'val', type: u32, offset: 0 }], size: 4, align: 4 },
  },
  bpf_timer: opaque('bpf_timer', 2, 'mapValue'),
  bpf_wq: opaque('bpf_wq', 2, 'mapValue'),
  bpf_dynptr: opaque('bpf_dynptr', 2, 'stack'),
  bpf_iter_num: opaque('bpf_iter_num', 1, 'stack'),
}
