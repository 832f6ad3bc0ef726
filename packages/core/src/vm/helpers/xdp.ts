/** Moving the ends of an XDP packet (net/core/filter.c 6.18: bpf_xdp_adjust_{head,meta,tail}). */
import { ERRNO } from '../errno.ts'
import type { Machine, VmHelper } from '../machine.ts'
import { AccessError } from '../memory.ts'
import { ETH_HLEN, type Packet } from '../packet.ts'

/** sizeof(struct xdp_frame), kept free at the start of the headroom. */
const XDP_FRAME = 40
/** Largest metadata: the type of skb_shared_info.meta_len is u8; and a multiple of 4. */
const MAX_META = 255

export function packetOf(m: Machine): Packet {
  const { packet } = m.run
  if (packet === undefined) throw new AccessError('this program type has no packet')
  return packet
}

const adjustHead: VmHelper = (m) => {
  const packet = packetOf(m)
  const metaLength = packet.data - packet.meta
  const data = packet.data + m.i32(2)
  if (data < XDP_FRAME + metaLength || data > packet.end - ETH_HLEN) return m.result(-ERRNO.EINVAL)
  // The metadata moves along.
  packet.region.bytes.copyWithin(data - metaLength, packet.meta, packet.data)
  packet.meta = data - metaLength
  packet.data = data
  packet.publish()
  m.result(0)
}

const adjustMeta: VmHelper = (m) => {
  const packet = packetOf(m)
  const meta = packet.meta + m.i32(2)
  if (meta < XDP_FRAME || meta > packet.data) return m.result(-ERRNO.EINVAL)
  const length = packet.data - meta
  if (length % 4 !== 0 || length > MAX_META) return m.result(-ERRNO.EACCES)
  packet.meta = meta
  packet.publish()
  m.result(0)
}

const adjustTail: VmHelper = (m) => {
  const packet = packetOf(m)
  const end = packet.end + m.i32(2)
  if (end > packet.hardEnd || end < packet.data + ETH_HLEN) return m.result(-ERRNO.EINVAL)
  if (end > packet.end) packet.region.bytes.fill(0, packet.end, end)
  packet.end = end
  packet.publish()
  m.result(0)
}

const loadBytes: VmHelper = (m) => {
  const packet = packetOf(m)
  const out = m.bytes(3, m.u32(4), 'write')
  const offset = m.u32(2)
  if (offset + out.length > packet.length) return m.result(-ERRNO.EINVAL)
  out.set(packet.region.bytes.subarray(packet.data + offset, packet.data + offset + out.length))
  m.result(0)
}

const storeBytes: VmHelper = (m) => {
  const packet = packetOf(m)
  const data = m.bytes(3, m.u32(4), 'read')
  const offset = m.u32(2)
  if (offset + data.length > packet.length) return m.result(-ERRNO.EINVAL)
  packet.region.bytes.set(data, packet.data + offset)
  m.result(0)
}

export const xdpHelpers = {
  xdp_adjust_head: adjustHead,
  xdp_adjust_meta: adjustMeta,
  xdp_adjust_tail: adjustTail,
  xdp_load_bytes: loadBytes,
  xdp_store_bytes: storeBytes,
  xdp_get_buff_len: (m) => m.result(packetOf(m).length),
} satisfies Record<string, VmHelper>
