/** XDP, redirects and routing (net/core/filter.c, 6.18). */
import { k, r } from './args.ts'
import { helper } from './row.ts'

const CHANGES_PACKET = { reads: ['packet'], writes: ['packet', 'ctx'], invalidatesPacket: true } as const
const REDIRECT = { writes: ['kernel'], observable: true } as const

export const xdpHelpers = {
  xdp_adjust_head: helper({
    args: [k.ctx(), k.int('delta')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Moves the start of the packet; negative makes room in front.',
  }),
  xdp_adjust_tail: helper({
    args: [k.ctx(), k.int('delta')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Moves the end of the packet; negative makes it shorter.',
  }),
  xdp_adjust_meta: helper({
    args: [k.ctx(), k.int('delta')],
    ret: r.long,
    effects: CHANGES_PACKET,
    doc: 'Moves the start of the metadata in front of the packet.',
  }),
  xdp_get_buff_len: helper({ args: [k.ctx()], ret: r.u64, doc: 'Length of the packet with all its fragments.' }),
  xdp_load_bytes: helper({
    args: [k.ctx(), k.int32('offset'), k.write('buf', 3), k.size('len')],
    ret: r.long,
    effects: { reads: ['packet'] },
    doc: 'Copies packet bytes to memory, fragments included.',
  }),
  xdp_store_bytes: helper({
    args: [k.ctx(), k.int32('offset'), k.read('buf', 3), k.size('len')],
    ret: r.long,
    effects: { writes: ['packet'] },
    doc: 'Writes packet bytes from memory, fragments included.',
  }),
  redirect: helper({
    args: [k.int32('ifindex'), k.int('flags')],
    ret: r.long,
    effects: REDIRECT,
    doc: 'Chooses another interface for the packet; return the result as the verdict.',
  }),
  redirect_map: helper({
    args: [k.map('devmap', 'devmap_hash', 'cpumap', 'xskmap'), k.int('key'), k.int('flags')],
    ret: r.long,
    effects: REDIRECT,
    doc: 'Chooses an interface, CPU or socket from a map; return the result as the verdict.',
  }),
  redirect_neigh: helper({
    args: [k.int32('ifindex'), k.readOrNull('params', 2), k.sizeOrZero('plen'), k.int('flags')],
    ret: r.long,
    effects: REDIRECT,
    doc: 'Like redirect, with link addresses filled in from the neighbour table.',
  }),
  redirect_peer: helper({
    args: [k.int32('ifindex'), k.int('flags')],
    ret: r.long,
    effects: REDIRECT,
    doc: 'Like redirect, into the network namespace of the other end of a veth pair.',
  }),
  fib_lookup: helper({
    args: [k.ctx(), k.read('params', 2), k.size('plen'), k.int32('flags')],
    ret: r.long,
    // The parameters are input and output in one.
    effects: { reads: ['kernel'], writes: ['stack', 'mapValue', 'ringbuf'], volatile: true },
    gplOnly: true,
    doc: 'Looks a route up and fills in next hop and link addresses.',
  }),
  check_mtu: helper({
    args: [k.ctx(), k.int32('ifindex'), k.writeBytes('mtu_len', 4), k.int32('len_diff'), k.int('flags')],
    ret: r.long,
    effects: { reads: ['kernel', 'stack', 'mapValue', 'ringbuf'], volatile: true },
    gplOnly: true,
    doc: 'Checks whether the packet fits through an interface.',
  }),
}
