/** The internet checksum (RFC 1071) of headers and of TCP, UDP and ICMP segments with their pseudo headers. */
import { parseIpv4, parseIpv6 } from '../runtime/text.ts'
import type { PacketFields } from './packets.ts'

/** One's complement sum of the 16-bit words of all parts, each part padded to a whole word. */
export function internetChecksum(parts: readonly Uint8Array[]): number {
  let sum = 0
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) sum += (part[i]! << 8) | (part[i + 1] ?? 0)
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return ~sum & 0xffff
}

/** `segment` is the whole transport segment with a zero checksum field. */
export function transportChecksum(fields: PacketFields, segment: Uint8Array): number {
  const checksum = internetChecksum([...pseudoHeader(fields, segment.length), segment])
  // A UDP checksum of 0 means "none" (RFC 768).
  return fields.udp && checksum === 0 ? 0xffff : checksum
}

function pseudoHeader({ ipv4, ipv6, tcp, udp }: PacketFields, length: number): Uint8Array[] {
  const protocol = tcp ? 6 : udp ? 17 : 58
  if (ipv4 && (tcp || udp)) {
    const out = new DataView(new ArrayBuffer(12))
    out.setUint32(0, parseIpv4(ipv4.source ?? '10.0.0.1', 'ipv4.source'))
    out.setUint32(4, parseIpv4(ipv4.destination ?? '10.0.0.2', 'ipv4.destination'))
    out.setUint16(8, protocol)
    out.setUint16(10, length)
    return [new Uint8Array(out.buffer)]
  }
  if (!ipv6) return []
  const tail = new DataView(new ArrayBuffer(8))
  tail.setUint32(0, length)
  tail.setUint32(4, protocol)
  return [
    parseIpv6(ipv6.source ?? 'fd00::1', 'ipv6.source'),
    parseIpv6(ipv6.destination ?? 'fd00::2', 'ipv6.destination'),
    new Uint8Array(tail.buffer),
  ]
}
