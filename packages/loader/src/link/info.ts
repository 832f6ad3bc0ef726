/** struct bpf_link_info (include/uapi/linux/bpf.h, 6.18): three common words, then a union that depends on the type. */
import { ATTACH_TYPE_IDS, LINK_TYPE_IDS } from '@unplugin-bpf/core/object'
import type { LinkInfo } from '@unplugin-bpf/core/runtime'
import { checkSyscall } from '../errors.ts'
import { ATTR } from '../sys/attr.ts'
import { bpf } from '../sys/bpf.ts'
import { scratch } from '../sys/syscall.ts'

const INFO_BYTES = 128
const NAME_BYTES = 128
const UNION = 16

type Particulars = Omit<LinkInfo, 'id' | 'type' | 'programId'>
type Read = (union: DataView, name: () => string) => Particulars

const nameOf = (ids: Readonly<Record<string, number>>, id: number): string =>
  Object.keys(ids).find((name) => ids[name] === id) ?? String(id)
const attachType = (union: DataView, at: number) => ({ attachType: nameOf(ATTACH_TYPE_IDS, union.getUint32(at, true)) })

/** Offsets are in the union. */
const PARTICULARS: Readonly<Record<string, Read>> = {
  xdp: (union) => ({ ifindex: union.getUint32(0, true) }),
  tcx: (union) => ({ ifindex: union.getUint32(0, true), ...attachType(union, 4) }),
  netkit: (union) => ({ ifindex: union.getUint32(0, true), ...attachType(union, 4) }),
  cgroup: (union) => ({ cgroupId: union.getBigUint64(0, true), ...attachType(union, 8) }),
  netns: (union) => ({ netnsInode: union.getUint32(0, true), ...attachType(union, 4) }),
  tracing: (union) => attachType(union, 0),
  sockmap: (union) => attachType(union, 4),
  netfilter: (union) => ({ hook: union.getUint32(4, true), priority: union.getInt32(8, true) }),
  raw_tracepoint: (_, name) => ({ name: name() }),
}

/** @throws SyscallError */
export function linkInfo(fd: number): LinkInfo {
  const bytes = new Uint8Array(INFO_BYTES)
  const view = new DataView(bytes.buffer)
  const ask = () =>
    checkSyscall(bpf(ATTR.infoByFd, { bpf_fd: fd, info_len: INFO_BYTES, info: bytes }), 'ask about a link')
  ask()
  const type = nameOf(LINK_TYPE_IDS, view.getUint32(0, true))
  const common = { id: view.getUint32(4, true), type, programId: view.getUint32(8, true) }
  const name = () => {
    // The kernel writes the name to an address that the first two fields of the union give.
    const text = scratch(NAME_BYTES)
    bytes.fill(0)
    view.setBigUint64(UNION, BigInt(text.address), true)
    view.setUint32(UNION + 8, NAME_BYTES, true)
    ask()
    return new TextDecoder().decode(text.bytes.subarray(0, text.bytes.indexOf(0)))
  }
  return { ...common, ...PARTICULARS[type]?.(new DataView(bytes.buffer, UNION), name) }
}
