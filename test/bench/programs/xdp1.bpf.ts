/** Counts packets per IP protocol on each CPU, behind up to two VLAN tags, and drops them all. */
import { ETH_P, Eth, Ipv4, Ipv6, map, object, range, struct, type u8, u16, u64, XDP, xdp } from 'unplugin-bpf/dsl'

/** The end of an Ethernet header, and a VLAN tag: the type of what follows comes last. */
const Tag = struct({ tci: u16, type: u16 }, { packed: true })

/** Types stay in network order, as in the packet: they are only compared with constants. */
const swapped = (type: number) => ((type & 0xff) << 8) | (type >> 8)
const IPV4 = swapped(ETH_P.IP)
const IPV6 = swapped(ETH_P.IPV6)
const TAGS = [swapped(ETH_P.VLAN), swapped(ETH_P.QINQ)] as const

const rxcnt = map.perCpuArray(u64, { maxEntries: 256 })

const xdp1 = xdp((ctx) => {
  let tag = ctx.at(Tag, Eth.size - Tag.size)
  if (!tag) return XDP.DROP
  let type: u16 = tag.type
  for (const _ of range(2)) {
    if (type === TAGS[0] || type === TAGS[1]) {
      tag = ctx.after(tag, Tag)
      if (!tag) return XDP.DROP
      type = tag.type
    }
  }
  let protocol: u8 = 0
  if (type === IPV4) {
    const ip = ctx.after(tag, Ipv4)
    if (ip) protocol = ip.proto
  } else if (type === IPV6) {
    const ip = ctx.after(tag, Ipv6)
    if (ip) protocol = ip.nextHeader
  }
  rxcnt.add(protocol, 1)
  return XDP.DROP
})

export default object({ license: 'GPL', maps: { rxcnt }, programs: { xdp1 } })
