/** One line per packet, as tcpdump would put it; for messages, snapshots and reports. */
import { type ParsedPacket, parsePacket } from './parse.ts'

/** `10.0.0.1:40000 > 10.0.0.2:9999 TCP S seq 1 win 65535, 0 bytes` */
export function formatPacket(packet: Uint8Array | ParsedPacket): string {
  const parsed = packet instanceof Uint8Array ? parsePacket(packet) : packet
  const tags = parsed.vlans.map((tag) => `VLAN ${tag.id} `).join('')
  const problems = parsed.problems.length === 0 ? '' : ` (${parsed.problems.join('; ')})`
  return `${tags}${describe(parsed)}${problems}`
}

function describe(packet: ParsedPacket): string {
  const { eth, arp, ip } = packet
  const payload = `${packet.payload.length} bytes`
  if (eth === undefined) return payload
  if (arp) {
    return arp.op === 'request'
      ? `ARP who has ${arp.targetIp}? tell ${arp.senderIp} (${arp.senderMac})`
      : `ARP ${arp.op} ${arp.senderIp} is at ${arp.senderMac}, to ${arp.targetIp} (${arp.targetMac})`
  }
  if (ip === undefined) return `${eth.src} > ${eth.dst} type 0x${eth.type.toString(16).padStart(4, '0')}, ${payload}`
  return `${describeIp(packet, ip)}, ${payload}`
}

function describeIp({ tcp, udp, icmp }: ParsedPacket, ip: NonNullable<ParsedPacket['ip']>): string {
  const fragment = ip.fragmentOffset > 0 || ip.moreFragments ? ` fragment at ${ip.fragmentOffset}` : ''
  const ports = tcp ?? udp
  if (ports === undefined) {
    const what = icmp
      ? `${ip.version === 6 ? 'ICMPv6' : 'ICMP'} type ${icmp.type} code ${icmp.code} id ${icmp.id} seq ${icmp.seq}`
      : `protocol ${ip.protocol}`
    return `${ip.src} > ${ip.dst} ${what}${fragment}`
  }
  const end = (address: string, port: number) => (ip.version === 6 ? `[${address}]:${port}` : `${address}:${port}`)
  const head = `${end(ip.src, ports.sport)} > ${end(ip.dst, ports.dport)}`
  if (tcp === undefined) return `${head} UDP${fragment}`
  const ack = tcp.flags.includes('A') ? ` ack ${tcp.ack}` : ''
  return `${head} TCP ${tcp.flags || 'no flags'} seq ${tcp.seq}${ack} win ${tcp.window}${fragment}`
}
