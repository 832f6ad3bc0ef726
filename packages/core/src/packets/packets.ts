/**
 * Ethernet frames from fields, for tests and demos: `buildPacket({ ipv4: { source: '10.0.0.1' }, tcp: { to: 443, flags: ['syn'] } })`.
 * Lengths, EtherTypes, protocol numbers and checksums follow from what is given; every one of them can be overridden.
 * All fields are written in network byte order.
 */
import { parseIpv4, parseIpv6, parseMac } from '../runtime/text.ts'
import { internetChecksum, transportChecksum } from './checksum.ts'

export interface EthernetFields {
  readonly source?: string
  readonly destination?: string
  readonly type?: number
}
export interface VlanFields {
  readonly id?: number
  readonly priority?: number
  /** EtherType that announces the tag: 0x8100, or 0x88a8 for an outer one. */
  readonly tagType?: number
}
export interface Ipv4Fields {
  readonly source?: string
  readonly destination?: string
  readonly protocol?: number
  readonly ttl?: number
  readonly tos?: number
  readonly id?: number
  /** Flags and offset, the whole 16-bit word. */
  readonly fragment?: number
  /** Option bytes; padded to a multiple of 4. */
  readonly options?: Uint8Array
  readonly totalLength?: number
  readonly checksum?: number
}
export interface Ipv6Fields {
  readonly source?: string
  readonly destination?: string
  readonly nextHeader?: number
  readonly hopLimit?: number
  readonly trafficClass?: number
  readonly flowLabel?: number
  readonly payloadLength?: number
}
export type TcpFlag = 'fin' | 'syn' | 'rst' | 'psh' | 'ack' | 'urg' | 'ece' | 'cwr'
export interface TcpFields {
  readonly from?: number
  readonly to?: number
  readonly sequence?: number
  readonly acknowledgement?: number
  readonly flags?: readonly TcpFlag[] | number
  readonly window?: number
  readonly urgent?: number
  /** Option bytes; padded to a multiple of 4. */
  readonly options?: Uint8Array
  readonly checksum?: number
}
export interface UdpFields {
  readonly from?: number
  readonly to?: number
  readonly length?: number
  readonly checksum?: number
}
export interface IcmpFields {
  readonly type?: number
  readonly code?: number
  readonly rest?: number
  readonly checksum?: number
}

/** For IPv4 over Ethernet. */
export interface ArpFields {
  /** 1 asks, 2 answers. */
  readonly operation?: number
  readonly senderMac?: string
  readonly senderIp?: string
  readonly targetMac?: string
  readonly targetIp?: string
}

/** At most one network and one transport header; outer VLAN tags first. */
export interface PacketFields {
  readonly ethernet?: EthernetFields
  readonly vlans?: readonly VlanFields[]
  readonly arp?: ArpFields
  readonly ipv4?: Ipv4Fields
  readonly ipv6?: Ipv6Fields
  readonly tcp?: TcpFields
  readonly udp?: UdpFields
  readonly icmp?: IcmpFields
  readonly payload?: Uint8Array
  /** Cuts or zero-pads the frame to this many bytes. */
  readonly length?: number
}

export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd, qinq: 0x88a8 } as const
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const
export const FLAG_BITS: Record<TcpFlag, number> = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 16,
  urg: 32,
  ece: 64,
  cwr: 128,
}

export function buildPacket(fields: PacketFields = {}): Uint8Array {
  const payload = fields.payload ?? new Uint8Array(0)
  const transport = transportHeader(fields, payload)
  const network = networkHeader(fields, transport)
  const frame = concat([linkHeader(fields), network, transport])
  if (fields.length === undefined) return frame
  const sized = new Uint8Array(fields.length)
  sized.set(frame.subarray(0, fields.length))
  return sized
}

function linkHeader({ ethernet = {}, vlans = [], arp, ipv4, ipv6 }: PacketFields): Uint8Array {
  const inner = ethernet.type ?? (arp ? ETHERTYPE.arp : ipv4 ? ETHERTYPE.ipv4 : ipv6 ? ETHERTYPE.ipv6 : 0)
  const types = [...vlans.map((tag) => tag.tagType ?? ETHERTYPE.vlan), inner]
  const out = new Uint8Array(14 + 4 * vlans.length)
  const view = new DataView(out.buffer)
  out.set(parseMac(ethernet.destination ?? '02:00:00:00:00:02', 'ethernet.destination'), 0)
  out.set(parseMac(ethernet.source ?? '02:00:00:00:00:01', 'ethernet.source'), 6)
  view.setUint16(12, types[0]!)
  vlans.forEach((tag, i) => {
    view.setUint16(14 + 4 * i, ((tag.priority ?? 0) << 13) | (tag.id ?? 1))
    view.setUint16(16 + 4 * i, types[i + 1]!)
  })
  return out
}

function networkHeader(fields: PacketFields, transport: Uint8Array): Uint8Array {
  if (fields.ipv4) return ipv4Header(fields.ipv4, transportProtocol(fields, PROTOCOL.icmp), transport.length)
  if (fields.ipv6) return ipv6Header(fields.ipv6, transportProtocol(fields, PROTOCOL.icmp6), transport.length)
  return fields.arp ? arpHeader(fields.arp) : new Uint8Array(0)
}

function arpHeader(arp: ArpFields): Uint8Array {
  const out = new Uint8Array(28)
  const view = new DataView(out.buffer)
  // Hardware Ethernet, 6 bytes; protocol IPv4, 4 bytes.
  view.setUint16(0, 1)
  view.setUint16(2, ETHERTYPE.ipv4)
  view.setUint16(4, 0x0604)
  view.setUint16(6, arp.operation ?? 1)
  out.set(parseMac(arp.senderMac ?? '02:00:00:00:00:01', 'arp.senderMac'), 8)
  view.setUint32(14, parseIpv4(arp.senderIp ?? '10.0.0.1', 'arp.senderIp'))
  out.set(parseMac(arp.targetMac ?? '00:00:00:00:00:00', 'arp.targetMac'), 18)
  view.setUint32(24, parseIpv4(arp.targetIp ?? '10.0.0.2', 'arp.targetIp'))
  return out
}

function transportProtocol({ tcp, udp, icmp }: PacketFields, icmpNumber: number): number {
  return tcp ? PROTOCOL.tcp : udp ? PROTOCOL.udp : icmp ? icmpNumber : 0
}

function ipv4Header(ip: Ipv4Fields, protocol: number, payload: number): Uint8Array {
  const options = ip.options ?? new Uint8Array(0)
  const size = 20 + Math.ceil(options.length / 4) * 4
  const out = new Uint8Array(size)
  const view = new DataView(out.buffer)
  view.setUint8(0, 0x40 | (size / 4))
  view.setUint8(1, ip.tos ?? 0)
  view.setUint16(2, ip.totalLength ?? size + payload)
  view.setUint16(4, ip.id ?? 0)
  view.setUint16(6, ip.fragment ?? 0)
  view.setUint8(8, ip.ttl ?? 64)
  view.setUint8(9, ip.protocol ?? protocol)
  view.setUint32(12, parseIpv4(ip.source ?? '10.0.0.1', 'ipv4.source'))
  view.setUint32(16, parseIpv4(ip.destination ?? '10.0.0.2', 'ipv4.destination'))
  out.set(options, 20)
  view.setUint16(10, ip.checksum ?? internetChecksum([out]))
  return out
}

function ipv6Header(ip: Ipv6Fields, nextHeader: number, payload: number): Uint8Array {
  const out = new Uint8Array(40)
  const view = new DataView(out.buffer)
  view.setUint32(0, ((6 << 28) | ((ip.trafficClass ?? 0) << 20) | (ip.flowLabel ?? 0)) >>> 0)
  view.setUint16(4, ip.payloadLength ?? payload)
  view.setUint8(6, ip.nextHeader ?? nextHeader)
  view.setUint8(7, ip.hopLimit ?? 64)
  out.set(parseIpv6(ip.source ?? 'fd00::1', 'ipv6.source'), 8)
  out.set(parseIpv6(ip.destination ?? 'fd00::2', 'ipv6.destination'), 24)
  return out
}

function transportHeader(fields: PacketFields, payload: Uint8Array): Uint8Array {
  const header = fields.tcp
    ? tcpHeader(fields.tcp)
    : fields.udp
      ? udpHeader(fields.udp, payload.length)
      : fields.icmp
        ? icmpHeader(fields.icmp)
        : new Uint8Array(0)
  const segment = concat([header, payload])
  const place = fields.tcp ? 16 : fields.udp ? 6 : fields.icmp ? 2 : undefined
  if (place === undefined) return segment
  const given = (fields.tcp ?? fields.udp ?? fields.icmp)?.checksum
  new DataView(segment.buffer).setUint16(place, given ?? transportChecksum(fields, segment))
  return segment
}

function tcpHeader(tcp: TcpFields): Uint8Array {
  const { flags = [], options = new Uint8Array(0) } = tcp
  const size = 20 + Math.ceil(options.length / 4) * 4
  const out = new Uint8Array(size)
  const view = new DataView(out.buffer)
  view.setUint16(0, tcp.from ?? 40000)
  view.setUint16(2, tcp.to ?? 80)
  view.setUint32(4, tcp.sequence ?? 1)
  view.setUint32(8, tcp.acknowledgement ?? 0)
  view.setUint8(12, (size / 4) << 4)
  view.setUint8(13, typeof flags === 'number' ? flags : flags.reduce((bits, flag) => bits | FLAG_BITS[flag], 0))
  view.setUint16(14, tcp.window ?? 65535)
  view.setUint16(18, tcp.urgent ?? 0)
  out.set(options, 20)
  return out
}

function udpHeader(udp: UdpFields, payload: number): Uint8Array {
  const out = new Uint8Array(8)
  const view = new DataView(out.buffer)
  view.setUint16(0, udp.from ?? 40000)
  view.setUint16(2, udp.to ?? 53)
  view.setUint16(4, udp.length ?? 8 + payload)
  return out
}

function icmpHeader(icmp: IcmpFields): Uint8Array {
  const out = new Uint8Array(8)
  const view = new DataView(out.buffer)
  view.setUint8(0, icmp.type ?? 8)
  view.setUint8(1, icmp.code ?? 0)
  view.setUint32(4, icmp.rest ?? 0)
  return out
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
