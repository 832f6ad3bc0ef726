/** Headers of packets, for `ctx.at(Eth, 0)`. Field names after the kernel's structs; multi-byte fields in host order. */
import { ipv6, mac, struct } from './composite.ts'
import { ipv4, u8, u16be, u32be } from './scalars.ts'

const packed = { packed: true } as const

export const Eth = /*#__PURE__*/ struct({ dst: mac, src: mac, proto: u16be }, { ...packed, name: 'Eth' })
/** 802.1Q: after the addresses of Ethernet, in place of its type. */
export const Vlan = /*#__PURE__*/ struct({ tci: u16be, proto: u16be }, { ...packed, name: 'Vlan' })
export const Arp = /*#__PURE__*/ struct(
  { htype: u16be, ptype: u16be, hlen: u8, plen: u8, op: u16be, sha: mac, spa: ipv4, tha: mac, tpa: ipv4 },
  { ...packed, name: 'Arp' },
)
/** Header length: `(ip.verIhl & 0x0f) * 4`. */
export const Ipv4 = /*#__PURE__*/ struct(
  {
    verIhl: u8,
    tos: u8,
    totLen: u16be,
    id: u16be,
    frag: u16be,
    ttl: u8,
    proto: u8,
    csum: u16be,
    saddr: ipv4,
    daddr: ipv4,
  },
  { ...packed, name: 'Ipv4' },
)
export const Ipv6 = /*#__PURE__*/ struct(
  { verFlow: u32be, payloadLen: u16be, nextHeader: u8, hopLimit: u8, saddr: ipv6, daddr: ipv6 },
  { ...packed, name: 'Ipv6' },
)
/** `offset >> 4` is the header length in words of four bytes; `flags` has FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32. */
export const Tcp = /*#__PURE__*/ struct(
  {
    sport: u16be,
    dport: u16be,
    seq: u32be,
    ack: u32be,
    offset: u8,
    flags: u8,
    window: u16be,
    csum: u16be,
    urgent: u16be,
  },
  { ...packed, name: 'Tcp' },
)
export const Udp = /*#__PURE__*/ struct(
  { sport: u16be, dport: u16be, length: u16be, csum: u16be },
  { ...packed, name: 'Udp' },
)
export const Icmp = /*#__PURE__*/ struct(
  { type: u8, code: u8, csum: u16be, id: u16be, seq: u16be },
  { ...packed, name: 'Icmp' },
)
