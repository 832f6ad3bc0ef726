/** Public entry `unplugin-bpf/testing/fast-check`: arbitrary packets, well-formed ones and damaged ones. */
import {
  type ArpOptions,
  arp,
  ethernet,
  type IcmpOptions,
  type IpOptions,
  icmp,
  type TcpOptions,
  tcp,
  type UdpOptions,
  udp,
} from '@unplugin-bpf/core/packets'
import { formatIpv6, formatMac } from '@unplugin-bpf/core/runtime'
import fc from 'fast-check'

type Fixed<T> = Partial<T>

export function macAddress(): fc.Arbitrary<string> {
  return fc.uint8Array({ minLength: 6, maxLength: 6 }).map(formatMac)
}

export function ipv4Address(): fc.Arbitrary<string> {
  return fc.ipV4()
}

export function ipv6Address(): fc.Arbitrary<string> {
  return fc.uint8Array({ minLength: 16, maxLength: 16 }).map(formatIpv6)
}

export function port(): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 0xffff })
}

function link() {
  const vlan = fc.array(fc.integer({ min: 0, max: 0xfff }), { maxLength: 2 })
  return { smac: macAddress(), dmac: macAddress(), vlan, payload: fc.uint8Array({ maxLength: 64 }) }
}

function network(): fc.Arbitrary<IpOptions> {
  const common = { ...link(), ttl: fc.integer({ min: 0, max: 255 }), tos: fc.integer({ min: 0, max: 255 }) }
  return fc.oneof(
    fc.record({ ...common, src: ipv4Address(), dst: ipv4Address() }),
    fc.record({ ...common, src: ipv6Address(), dst: ipv6Address() }),
  )
}

/** Fields of `tcp()`; those given stay fixed. */
export function tcpOptions(fixed: Fixed<TcpOptions> = {}): fc.Arbitrary<TcpOptions> {
  const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
  const own = fc.record({
    sport: port(),
    dport: port(),
    flags: fc.integer({ min: 0, max: 255 }),
    seq: u32,
    ack: u32,
    window: port(),
  })
  return fc.tuple(network(), own).map(([ip, fields]) => ({ ...ip, ...fields, ...fixed }))
}

export function udpOptions(fixed: Fixed<UdpOptions> = {}): fc.Arbitrary<UdpOptions> {
  return fc
    .tuple(network(), fc.record({ sport: port(), dport: port() }))
    .map(([ip, own]) => ({ ...ip, ...own, ...fixed }))
}

export function icmpOptions(fixed: Fixed<IcmpOptions> = {}): fc.Arbitrary<IcmpOptions> {
  const own = fc.record({ code: fc.integer({ min: 0, max: 255 }), id: port(), seq: port() })
  return fc.tuple(network(), own).map(([ip, fields]) => ({ ...ip, ...fields, ...fixed }))
}

export function arpOptions(fixed: Fixed<ArpOptions> = {}): fc.Arbitrary<ArpOptions> {
  const own = fc.record({
    op: fc.constantFrom('request' as const, 'reply' as const),
    senderMac: macAddress(),
    senderIp: ipv4Address(),
    targetMac: macAddress(),
    targetIp: ipv4Address(),
  })
  return own.map((fields) => ({ ...fields, ...fixed }))
}

export function tcpPacket(fixed?: Fixed<TcpOptions>): fc.Arbitrary<Uint8Array> {
  return tcpOptions(fixed).map(tcp)
}

export function udpPacket(fixed?: Fixed<UdpOptions>): fc.Arbitrary<Uint8Array> {
  return udpOptions(fixed).map(udp)
}

export function icmpPacket(fixed?: Fixed<IcmpOptions>): fc.Arbitrary<Uint8Array> {
  return icmpOptions(fixed).map(icmp)
}

export function arpPacket(fixed?: Fixed<ArpOptions>): fc.Arbitrary<Uint8Array> {
  return arpOptions(fixed).map(arp)
}

/** Any protocol, whole. */
export function packet(): fc.Arbitrary<Uint8Array> {
  const other = fc.record({ ...link(), type: port() }).map(ethernet)
  return fc.oneof(tcpPacket(), udpPacket(), icmpPacket(), arpPacket(), other)
}

/** What attackers send: packets cut short, bytes changed, plain noise. At least an Ethernet header. */
export function damagedPacket(): fc.Arbitrary<Uint8Array> {
  const cut = fc.tuple(packet(), fc.nat()).map(([bytes, n]) => bytes.slice(0, 14 + (n % (bytes.length - 13))))
  const changed = fc
    .tuple(packet(), fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 }))
    .map(([bytes, changes]) => {
      const out = bytes.slice()
      for (const [at, byte] of changes) out[at % out.length] = byte
      return out
    })
  return fc.oneof(cut, changed, fc.uint8Array({ minLength: 14, maxLength: 128 }))
}
