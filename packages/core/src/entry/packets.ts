/** Public entry `@unplugin-bpf/core/packets`: re-exports only. */
export {
  type ArpOptions,
  arp,
  type EthernetOptions,
  ethernet,
  type IcmpOptions,
  type IpOptions,
  type IpPacketOptions,
  icmp,
  icmp6,
  ip,
  type LinkOptions,
  type TcpOptions,
  tcp,
  tcpFlagBits,
  tcpFlagLetters,
  type UdpOptions,
  udp,
} from '../packets/builders.ts'
export { internetChecksum } from '../packets/checksum.ts'
export { formatPacket } from '../packets/format.ts'
export {
  type ArpFields,
  buildPacket,
  type EthernetFields,
  type IcmpFields,
  type Ipv4Fields,
  type Ipv6Fields,
  type PacketFields,
  type TcpFields,
  type TcpFlag,
  type UdpFields,
  type VlanFields,
} from '../packets/packets.ts'
export {
  type ParsedArp,
  type ParsedEthernet,
  type ParsedIcmp,
  type ParsedIp,
  type ParsedPacket,
  type ParsedTcp,
  type ParsedUdp,
  type ParsedVlan,
  parsePacket,
} from '../packets/parse.ts'
export { type CapturedPacket, PcapError, readPcap, writePcap } from '../packets/pcap.ts'
