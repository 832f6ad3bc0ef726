/**
 * Helpers on `__sk_buff` (net/core/filter.c, 6.18). Rows with `invalidatesPacket` are those of
 * `bpf_helper_changes_pkt_data`: after them the verifier has forgotten every packet pointer.
 */
import { k, r } from './args.ts'
import { helper } from './row.ts'

/** Changes bytes or shape of the packet, and the context fields that describe it. */
const CHANGES_PACKET = { reads: ['packet'], writes: ['packet', 'ctx'], invalidatesPacket: true } as const
/** Changes fields of the context only. */
const CHANGES_CTX = { writes: ['ctx'] } as const
const READS_PACKET = { reads: ['packet'] } as const
const KERNEL = { reads: ['kernel'] } as const

export const skbHelpers = {
  skb_load_bytes: helper({
    args: [k.ctx(), k.int32('offset'), k.write('to', 3), k.size('len')],
    ret: r.long,
    effects: READS_PACKET,
    doc: 'Copies packet bytes to memory; works for bytes that direct access does not reach.',
  }),
  skb_load_bytes_relative: helper({
    args: [k.ctx(), k.int32('offset'), k.write('to', 3), k.size('len'), k.int32('start_header')],
    ret: r.long,
    effects: READS_PACKET,
    doc: 'skb_load_bytes with an offset from the MAC or the network header.',
  }),
  skb_store_bytes: helper({
    args: [k.ctx(), k.int32('offset'), k.read('from', 3), k.size('len'), k.int('flags')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Writes bytes into the packet, on request with a new checksum.',
  }),
  skb_pull_data: helper({
    args: [k.ctx(), k.int32('len')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Makes the first bytes of the packet contiguous and writable for direct access.',
  }),
  skb_change_tail: helper({
    args: [k.ctx(), k.int32('len'), k.int('flags')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Makes the packet longer or shorter at its end.',
  }),
  skb_change_head: helper({
    args: [k.ctx(), k.int32('len'), k.int('flags')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Adds room in front of the packet.',
  }),
  skb_adjust_room: helper({
    args: [k.ctx(), k.int32('len_diff'), k.int32('mode'), k.int('flags')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Adds or removes room after the MAC or network header, for tunnels.',
  }),
  skb_change_proto: helper({
    args: [k.ctx(), k.int('proto'), k.int('flags')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Turns an IPv4 packet into IPv6 or back, without writing the new header.',
  }),
  skb_change_type: helper({
    args: [k.ctx(), k.int32('type')],
    ret: r.long,
    effects: CHANGES_CTX,
    doc: 'Changes the packet type (for this host, broadcast, ...).',
  }),
  skb_vlan_push: helper({
    args: [k.ctx(), k.int('vlan_proto'), k.int('vlan_tci')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Adds a VLAN tag.',
  }),
  skb_vlan_pop: helper({ args: [k.ctx()], ret: r.long, effects: CHANGES_PACKET, doc: 'Removes the outer VLAN tag.' }),
  l3_csum_replace: helper({
    args: [k.ctx(), k.int32('offset'), k.int('from'), k.int('to'), k.int('size')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Updates the IPv4 header checksum for a field that changes.',
  }),
  l4_csum_replace: helper({
    args: [k.ctx(), k.int32('offset'), k.int('from'), k.int('to'), k.int('flags')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Updates the TCP, UDP or ICMP checksum for a field that changes.',
  }),
  csum_diff: helper({
    args: [
      k.readOrNull('from', 1),
      k.sizeOrZero('from_size'),
      k.readOrNull('to', 3),
      k.sizeOrZero('to_size'),
      k.int32('seed'),
    ],
    ret: r.long,
    packetArgs: true,
    doc: 'Checksum difference between two pieces of memory, for the replace helpers.',
  }),
  csum_update: helper({
    args: [k.ctx(), k.int32('csum')],
    ret: r.long,
    effects: CHANGES_CTX,
    doc: 'Adds to the checksum that the kernel keeps beside the packet.',
  }),
  csum_level: helper({
    args: [k.ctx(), k.int('level')],
    ret: r.long,
    effects: CHANGES_CTX,
    doc: 'Reads or changes how many checksums of the packet are known to be right.',
  }),
  get_hash_recalc: helper({
    args: [k.ctx()],
    ret: r.u32,
    effects: { reads: ['packet'], writes: ['ctx'] },
    doc: 'Flow hash of the packet, computed when it is not known.',
  }),
  set_hash_invalid: helper({
    args: [k.ctx()],
    ret: r.void,
    effects: CHANGES_CTX,
    doc: 'Forgets the flow hash, so that it is computed again.',
  }),
  set_hash: helper({ args: [k.ctx(), k.int32('hash')], ret: r.long, effects: CHANGES_CTX, doc: 'Sets the flow hash.' }),
  clone_redirect: helper({
    args: [k.ctx(), k.int32('ifindex'), k.int('flags')],
    ret: r.long,
    effects: { ...CHANGES_PACKET, observable: true },
    doc: 'Sends a copy of the packet out of another interface.',
  }),
  skb_get_tunnel_key: helper({
    args: [k.ctx(), k.write('key', 2), k.size('size'), k.int('flags')],
    ret: r.long,
    effects: KERNEL,
    doc: 'Metadata of the tunnel that the packet came through.',
  }),
  skb_set_tunnel_key: helper({
    args: [k.ctx(), k.read('key', 2), k.size('size'), k.int('flags')],
    ret: r.long,
    effects: { writes: ['kernel'] },
    doc: 'Metadata for the tunnel that the packet will go through.',
  }),
  skb_get_tunnel_opt: helper({
    args: [k.ctx(), k.write('opt', 2), k.size('size')],
    ret: r.long,
    effects: KERNEL,
    doc: 'Options of the tunnel that the packet came through.',
  }),
  skb_set_tunnel_opt: helper({
    args: [k.ctx(), k.read('opt', 2), k.size('size')],
    ret: r.long,
    effects: { writes: ['kernel'] },
    doc: 'Options for the tunnel that the packet will go through.',
  }),
  skb_get_xfrm_state: helper({
    args: [k.ctx(), k.int32('index'), k.write('xfrm_state', 3), k.size('size'), k.int('flags')],
    ret: r.long,
    effects: KERNEL,
    doc: 'IPsec state of the packet by index.',
  }),
  skb_under_cgroup: helper({
    args: [k.ctx(), k.map('cgroup_array'), k.int32('index')],
    ret: r.long,
    effects: KERNEL,
    doc: '1 when the socket of the packet is below the cgroup of a slot.',
  }),
  skb_cgroup_id: helper({
    args: [k.ctx()],
    ret: r.u64,
    effects: KERNEL,
    doc: 'Cgroup id of the socket of the packet.',
  }),
  skb_ancestor_cgroup_id: helper({
    args: [k.ctx(), k.int32('level')],
    ret: r.u64,
    effects: KERNEL,
    doc: 'Id of the ancestor at a level of the cgroup of the socket of the packet.',
  }),
  skb_cgroup_classid: helper({
    args: [k.ctx()],
    ret: r.u64,
    effects: KERNEL,
    doc: 'net_cls class of the socket of the packet.',
  }),
  get_cgroup_classid: helper({
    args: [k.ctx()],
    // Programs that have no packet ask for the current task and pass nothing.
    minArgs: 0,
    ret: r.u32,
    effects: { ...KERNEL, volatile: true },
    doc: 'net_cls class of the packet, or of the current task where there is no packet.',
  }),
  get_route_realm: helper({ args: [k.ctx()], ret: r.u32, effects: KERNEL, doc: 'Realm of the route of the packet.' }),
  skb_ecn_set_ce: helper({
    args: [k.ctx()],
    ret: r.long,
    effects: { reads: ['packet'], writes: ['packet', 'ctx'] },
    doc: 'Marks the packet as having met congestion, if it supports that.',
  }),
  skb_set_tstamp: helper({
    args: [k.ctx(), k.int('tstamp'), k.int32('tstamp_type')],
    ret: r.long,
    effects: CHANGES_CTX,
    doc: 'Sets the delivery time and its clock.',
  }),
  lwt_push_encap: helper({
    args: [k.ctx(), k.int32('type'), k.read('hdr', 3), k.size('len')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Puts an outer header before the packet.',
  }),
  lwt_seg6_store_bytes: helper({
    args: [k.ctx(), k.int32('offset'), k.read('from', 3), k.size('len')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Writes into the flags, tag or TLVs of the segment routing header.',
  }),
  lwt_seg6_adjust_srh: helper({
    args: [k.ctx(), k.int32('offset'), k.int32('delta')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Changes the room for TLVs in the segment routing header.',
  }),
  lwt_seg6_action: helper({
    args: [k.ctx(), k.int32('action'), k.read('param', 3), k.size('param_len')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Applies a segment routing action.',
  }),
}
