/** Packet helpers of __sk_buff programs (net/core/filter.c 6.18) on a linear packet. */
import { ERRNO } from '../errno.ts'
import type { Machine, VmHelper } from '../machine.ts'
import type { Packet } from '../packet.ts'
import { packetOf } from './xdp.ts'

/** Offsets above this are -EFAULT (bpf_skb_load_bytes, bpf_skb_store_bytes). */
const MAX_OFFSET = 0x7fff_ffff
/** BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH. */
const STORE_FLAGS = 3
/** BPF_SKB_MAX_LEN for the loopback device of a test run: mtu 65536 + Ethernet header. */
const MAX_LENGTH = 65536 + 14

const loadBytes: VmHelper = (m) => {
  const packet = packetOf(m)
  const offset = m.u32(2)
  const out = m.bytes(3, m.u32(4), 'write')
  // As in the kernel, a failed load leaves zeros.
  if (offset > MAX_OFFSET || offset + out.length > packet.length) {
    out.fill(0)
    return m.result(-ERRNO.EFAULT)
  }
  out.set(packet.region.bytes.subarray(packet.data + offset, packet.data + offset + out.length))
  m.result(0)
}

/** `r5`: 0 the MAC header, 1 the network header. */
const loadBytesRelative: VmHelper = (m) => {
  const packet = packetOf(m)
  const offset = m.u32(2)
  const out = m.bytes(3, m.u32(4), 'write')
  const start = (m.u32(5) === 0 ? macHeader(m) : networkHeader(m)) + offset
  if (m.u32(5) > 1 || offset > 0xffff || start + out.length > packet.end) {
    out.fill(0)
    return m.result(-ERRNO.EFAULT)
  }
  out.set(packet.region.bytes.subarray(start, start + out.length))
  m.result(0)
}

function isL2(m: Machine): boolean {
  const { type } = m.code.program
  return type === 'sched_cls' || type === 'sched_act'
}
const macHeader = (m: Machine): number => packetOf(m).data - (isL2(m) ? 0 : 14)
const networkHeader = (m: Machine): number => packetOf(m).data + (isL2(m) ? 14 : 0)

const storeBytes: VmHelper = (m) => {
  const packet = packetOf(m)
  const offset = m.u32(2)
  const data = m.bytes(3, m.u32(4), 'read')
  if (m.hi[5] !== 0 || (m.u32(5) & ~STORE_FLAGS) !== 0) return m.result(-ERRNO.EINVAL)
  if (offset > MAX_OFFSET || offset + data.length > packet.length) return m.result(-ERRNO.EFAULT)
  packet.region.bytes.set(data, packet.data + offset)
  m.result(0)
}

const pullData: VmHelper = (m) => {
  // Everything is linear already; longer than the packet is an error.
  m.result(m.u32(2) > packetOf(m).length ? -ERRNO.ENOMEM : 0)
}

function setLength(m: Machine, packet: Packet): void {
  m.run.setLength?.(packet.length)
}

const changeTail: VmHelper = (m) => {
  const packet = packetOf(m)
  const length = m.u32(2)
  // Not shorter than what the protocol's header needs; __bpf_skb_min_len.
  const minimum = networkHeader(m) - packet.data
  if (m.u64(3) !== 0n || length > MAX_LENGTH || length < minimum) return m.result(-ERRNO.EINVAL)
  const bytes = new Uint8Array(length)
  bytes.set(packet.copy().subarray(0, length))
  packet.replace(bytes)
  setLength(m, packet)
  m.result(0)
}

const changeHead: VmHelper = (m) => {
  const packet = packetOf(m)
  const room = m.u32(2)
  if (m.u64(3) !== 0n || room + packet.length > MAX_LENGTH) return m.result(-ERRNO.EINVAL)
  const bytes = new Uint8Array(room + packet.length)
  bytes.set(packet.copy(), room)
  packet.replace(bytes)
  setLength(m, packet)
  m.result(0)
}

const redirect: VmHelper = (m) => {
  const { type } = m.code.program
  // BPF_F_INGRESS is the only flag; XDP takes none.
  const known = type === 'xdp' ? 0n : 1n
  const accepted = (m.u64(2) & ~known) === 0n
  if (accepted) m.run.redirect = { to: { ifindex: m.u32(1) }, flags: m.u32(2) }
  m.result(type === 'xdp' ? (accepted ? 4 : 0) : accepted ? 7 : 2)
}

export const skbHelpers = {
  skb_load_bytes: loadBytes,
  skb_load_bytes_relative: loadBytesRelative,
  skb_store_bytes: storeBytes,
  skb_pull_data: pullData,
  skb_change_tail: changeTail,
  skb_change_head: changeHead,
  redirect,
  get_hash_recalc: (m) => m.result(0),
  set_hash_invalid: (m) => m.result(0),
} satisfies Record<string, VmHelper>
