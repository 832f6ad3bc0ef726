/** Public entry `@unplugin-bpf/core/packets`: re-exports only. */
export { internetChecksum } from '../packets/checksum.ts'
export {
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
