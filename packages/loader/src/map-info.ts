/** What the kernel says of a map (BPF_OBJ_GET_INFO_BY_FD, struct bpf_map_info in include/uapi/linux/bpf.h). */
import { MAP_TYPE_IDS } from '@unplugin-bpf/core/object'
import { checkSyscall } from './errors.ts'
import { ATTR } from './sys/attr.ts'
import { bpf } from './sys/bpf.ts'

export interface KernelMapInfo {
  readonly id: number
  /** `hash`; `type 99` for one that the table does not have. */
  readonly type: string
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  /** At most 15 characters. */
  readonly name: string
  /** BTF of the key and value; 0: none. */
  readonly btfId: number
  readonly btfKeyTypeId: number
  readonly btfValueTypeId: number
}

const BYTES = 80
/** Offsets: type, id, key_size, value_size, max_entries, map_flags, name[16], ifindex, btf_vmlinux_value_type_id,
 * netns_dev u64, netns_ino u64, btf_id, btf_key_type_id, btf_value_type_id */
const NAME = 24
const BTF_ID = 64

export function mapInfo(fd: number): KernelMapInfo {
  const bytes = new Uint8Array(BYTES)
  checkSyscall(bpf(ATTR.infoByFd, { bpf_fd: fd, info_len: BYTES, info: bytes }), 'ask for the shape of a map')
  const view = new DataView(bytes.buffer)
  const u32 = (offset: number) => view.getUint32(offset, true)
  const name = bytes.subarray(NAME, NAME + 16)
  return {
    id: u32(4),
    type: Object.entries(MAP_TYPE_IDS).find(([, id]) => id === u32(0))?.[0] ?? `type ${u32(0)}`,
    keySize: u32(8),
    valueSize: u32(12),
    maxEntries: u32(16),
    flags: u32(20),
    name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    btfId: u32(BTF_ID),
    btfKeyTypeId: u32(BTF_ID + 4),
    btfValueTypeId: u32(BTF_ID + 8),
  }
}
