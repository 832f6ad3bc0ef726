/**
 * Ethernet frame -> fields, named as the builders name them. Never fails: what cannot be read is left out and said in
 * `problems`, as are wrong lengths and checksums.
 */
import { formatIpv4, formatIpv6, formatMac } from '../runtime/text.ts'
import { tcpFlagLetters } from './builders.ts'
import { internetChecksum } from './checksum.ts'
import { ETHERTYPE, PROTOCOL } from './packets.ts'

export interface ParsedPacket {
  readonly bytes: Uint8Array
  readonly eth?: ParsedEthernet | undefined
  /** From the outside in; empty without tags. */
  readonly vlans: readonly ParsedVlan[]
  readonly arp?: ParsedArp | undefined
  readonly ip?: ParsedIp | undefined
  readonly tcp?: ParsedTcp | undefined
  readonly udp?: ParsedUdp | undefined
  /** ICMP or, over IPv6, ICMPv6. */
  readonly icmp?: ParsedIcmp | undefined
  /** Behind the last header that was read, without what pads a short frame. */
  readonly payload: Uint8Array
  /** Empty for a well-formed packet. */
  readonly problems: readonly string[]
}

export interface ParsedEthernet {
  readonly src: string
  readonly dst: string
  /** EtherType behind all tags. */
  readonly type: number
}
export interface ParsedVlan {
  readonly id: number
  readonly priority: number
  readonly tagType: number
}
export interface ParsedArp {
  readonly op: 'request' | 'reply' | number
  readonly senderMac: string
  readonly senderIp: string
  readonly targetMac: string
  readonly targetIp: string
}
export interface ParsedIp {
  readonly version: 4 | 6
  readonly src: string
  readonly dst: string
  /** Number of what follows, behind IPv6 extension headers. */
  readonly protocol: number
  readonly ttl: number
  readonly tos: number
  /** Bytes from the start of this header. */
  readonly length: number
  readonly headerLength: number
  /** IPv4 only. */
  readonly id?: number | undefined
  readonly checksum?: number | undefined
  /** IPv6 only. */
  readonly flowLabel?: number | undefined
  /** Bytes into the original packet; 0 for a whole packet and a first fragment. */
  readonly fragmentOffset: number
  readonly moreFragments: boolean
}
export interface ParsedTcp {
  readonly sport: number
  readonly dport: number
  readonly seq: number
  readonly ack: number
  /** Letters of FSRPAUEC, in this order. */
  readonly flags: string
  readonly window: number
  readonly checksum: number
  readonly urgent: number
  readonly options: Uint8Array
}
export interface ParsedUdp {
  readonly sport: number
  readonly dport: number
  readonly length: number
  readonly checksum: number
}
export interface ParsedIcmp {
  readonly type: number
  readonly code: number
  readonly id: number
  readonly seq: number
  readonly checksum: number
}

type Layers = { -readonly [K in keyof ParsedPacket]: ParsedPacket[K] } & { problems: string[]; vlans: ParsedVlan[] }

export function parsePacket(bytes: Uint8Array): ParsedPacket {
  const out: Layers = { bytes, vlans: [], payload: bytes, problems: [] }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < 14) {
    out.problems.push(`${bytes.length} bytes: an Ethernet header has 14`)
    return out
  }
  let at = 12
  let type = view.getUint16(at)
  while ((type === ETHERTYPE.vlan || type === ETHERTYPE.qinq) && at + 6 <= bytes.length) {
    const tag = view.getUint16(at + 2)
    out.vlans.push({ id: tag & 0xfff, priority: tag >> 13, tagType: type })
    at += 4
    type = view.getUint16(at)
  }
  at += 2
  out.eth = { src: formatMac(bytes.subarray(6, 12)), dst: formatMac(bytes.subarray(0, 6)), type }
  out.payload = bytes.subarray(at)
  if (type === ETHERTYPE.arp) parseArp(out, view, at)
  else if (type === ETHERTYPE.ipv4) parseIpv4Header(out, view, at)
  else if (type === ETHERTYPE.ipv6) parseIpv6Header(out, view, at)
  return out
}

function fits(out: Layers, what: string, at: number, size: number): boolean {
  if (at + size <= out.bytes.length) return true
  out.problems.push(`the ${what} header needs ${size} bytes, ${out.bytes.length - at} are left`)
  return false
}

function parseArp(out: Layers, view: DataView, at: number): void {
  if (!fits(out, 'ARP', at, 28)) return
  const op = view.getUint16(at + 6)
  out.arp = {
    op: op === 1 ? 'request' : op === 2 ? 'reply' : op,
    senderMac: formatMac(out.bytes.subarray(at + 8, at + 14)),
    senderIp: formatIpv4(view.getUint32(at + 14)),
    targetMac: formatMac(out.bytes.subarray(at + 18, at + 24)),
    targetIp: formatIpv4(view.getUint32(at + 24)),
  }
  out.payload = out.bytes.subarray(at + 28)
}

function parseIpv4Header(out: Layers, view: DataView, at: number): void {
  if (!fits(out, 'IPv4', at, 20)) return
  const headerLength = (view.getUint8(at) & 15) * 4
  if (headerLength < 20) out.problems.push(`IPv4 header length ${headerLength} is less than 20`)
  if (headerLength < 20 || !fits(out, 'IPv4', at, headerLength)) return
  const length = view.getUint16(at + 2)
  const fragment = view.getUint16(at + 6)
  const protocol = view.getUint8(at + 9)
  out.ip = {
    version: 4,
    src: formatIpv4(view.getUint32(at + 12)),
    dst: formatIpv4(view.getUint32(at + 16)),
    protocol,
    ttl: view.getUint8(at + 8),
    tos: view.getUint8(at + 1),
    length,
    headerLength,
    id: view.getUint16(at + 4),
    checksum: view.getUint16(at + 10),
    fragmentOffset: (fragment & 0x1fff) * 8,
    moreFragments: (fragment & 0x2000) !== 0,
  }
  checkSum(out, 'IPv4 header', [out.bytes.subarray(at, at + headerLength)])
  parseTransport(out, { at: at + headerLength, end: endOf(out, at + length), addresses: [at + 12, at + 20] })
}

/** Hop-by-hop, routing, destination options: length in units of 8 bytes beyond the first. */
const EXTENSIONS = [0, 43, 60]
const FRAGMENT = 44

function parseIpv6Header(out: Layers, view: DataView, start: number): void {
  if (!fits(out, 'IPv6', start, 40)) return
  const word = view.getUint32(start)
  const length = 40 + view.getUint16(start + 4)
  let protocol = view.getUint8(start + 6)
  let at = start + 40
  let fragment = 0
  while ((EXTENSIONS.includes(protocol) || protocol === FRAGMENT) && fits(out, 'IPv6 extension', at, 8)) {
    if (protocol === FRAGMENT) fragment = view.getUint16(at + 2)
    const size = protocol === FRAGMENT ? 8 : (view.getUint8(at + 1) + 1) * 8
    protocol = view.getUint8(at)
    if (!fits(out, 'IPv6 extension', at, size)) break
    at += size
  }
  out.ip = {
    version: 6,
    src: formatIpv6(out.bytes.subarray(start + 8, start + 24)),
    dst: formatIpv6(out.bytes.subarray(start + 24, start + 40)),
    protocol,
    ttl: view.getUint8(start + 7),
    tos: (word >>> 20) & 255,
    length,
    headerLength: at - start,
    flowLabel: word & 0xfffff,
    fragmentOffset: fragment & 0xfff8,
    moreFragments: (fragment & 1) !== 0,
  }
  parseTransport(out, { at, end: endOf(out, start + length), addresses: [start + 8, start + 40] })
}

/** End of the IP packet in the frame; a frame may be longer (padding), but not shorter. */
function endOf(out: Layers, end: number): number {
  if (end <= out.bytes.length) return end
  out.problems.push(`the IP packet is ${end - out.bytes.length} bytes longer than the frame`)
  return out.bytes.length
}

interface Segment {
  readonly at: number
  readonly end: number
  /** Source and destination address in the frame. */
  readonly addresses: readonly [number, number]
}

function parseTransport(out: Layers, segment: Segment): void {
  const { at, end } = segment
  const view = new DataView(out.bytes.buffer, out.bytes.byteOffset, Math.max(at, end))
  out.payload = out.bytes.subarray(at, end)
  const { protocol, version, fragmentOffset, moreFragments } = out.ip!
  if (fragmentOffset > 0) return
  const size = protocol === PROTOCOL.tcp ? 20 : 8
  const isIcmp = protocol === (version === 4 ? PROTOCOL.icmp : PROTOCOL.icmp6)
  if (protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp && !isIcmp) return
  if (at + size > end) {
    out.problems.push(`the transport header needs ${size} bytes, ${Math.max(0, end - at)} are left`)
    return
  }
  if (protocol === PROTOCOL.tcp) parseTcp(out, view, at)
  else if (protocol === PROTOCOL.udp) parseUdp(out, view, at)
  else parseIcmp(out, view, at)
  if (!moreFragments) checkTransport(out, segment)
}

function parseTcp(out: Layers, view: DataView, at: number): void {
  const headerLength = (view.getUint8(at + 12) >> 4) * 4
  if (headerLength < 20 || at + headerLength > view.byteLength) {
    out.problems.push(`TCP header length ${headerLength} is not possible here`)
  }
  const end = Math.min(Math.max(at + 20, at + headerLength), view.byteLength)
  out.tcp = {
    sport: view.getUint16(at),
    dport: view.getUint16(at + 2),
    seq: view.getUint32(at + 4),
    ack: view.getUint32(at + 8),
    flags: tcpFlagLetters(view.getUint8(at + 13)),
    window: view.getUint16(at + 14),
    checksum: view.getUint16(at + 16),
    urgent: view.getUint16(at + 18),
    options: out.bytes.subarray(at + 20, end),
  }
  out.payload = out.bytes.subarray(end, view.byteLength)
}

function parseUdp(out: Layers, view: DataView, at: number): void {
  const length = view.getUint16(at + 4)
  if (length !== view.byteLength - at) {
    out.problems.push(`UDP length ${length}, but ${view.byteLength - at} bytes are there`)
  }
  out.udp = { sport: view.getUint16(at), dport: view.getUint16(at + 2), length, checksum: view.getUint16(at + 6) }
  out.payload = out.bytes.subarray(at + 8, view.byteLength)
}

function parseIcmp(out: Layers, view: DataView, at: number): void {
  out.icmp = {
    type: view.getUint8(at),
    code: view.getUint8(at + 1),
    id: view.getUint16(at + 4),
    seq: view.getUint16(at + 6),
    checksum: view.getUint16(at + 2),
  }
  out.payload = out.bytes.subarray(at + 8, view.byteLength)
}

function checkTransport(out: Layers, { at, end, addresses }: Segment): void {
  const { version, protocol } = out.ip!
  // An IPv4 UDP checksum of 0 means that there is none (RFC 768).
  if (version === 4 && out.udp?.checksum === 0) return
  const length = end - at
  const tail = Uint8Array.of(0, protocol, length >>> 8, length & 255)
  const pseudo = [out.bytes.subarray(...addresses), tail]
  const name = out.tcp ? 'TCP' : out.udp ? 'UDP' : version === 4 ? 'ICMP' : 'ICMPv6'
  checkSum(out, name, [...(name === 'ICMP' ? [] : pseudo), out.bytes.subarray(at, end)])
}

/** The sum over everything, checksum field included, is zero when the checksum is right. */
function checkSum(out: Layers, what: string, parts: readonly Uint8Array[]): void {
  if (internetChecksum(parts) !== 0) out.problems.push(`wrong ${what} checksum`)
}
