/**
 * Load balancer for IPv4 services: picks a random backend of the service that the packet is for, and rewrites the
 * destination address and port. Addresses and ports in the maps are in network order, as in the packet.
 */
import { array, bpf, ETH_P, Eth, IPPROTO, map, object, struct, u8, u16, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

export const ServiceKey = struct({ addr: u32, dport: u16, slot: u16, proto: u8, scope: u8, pad: u16 })
export const Service = struct({ backendId: u32, count: u16, rev: u16, flags: u8, pad: array(u8, 7) })
export const Backend = struct({ addr: u32, port: u16, proto: u8, flags: u8, pad: u32 })
/** IPv4 as it lies in the packet: a ones' complement sum does not depend on the order of the bytes. */
const Ip = struct({ head: array(u8, 9), proto: u8, csum: u16, saddr: u32, daddr: u32 }, { packed: true })
const Ports = struct({ source: u16, destination: u16 }, { packed: true })

const lb4Services = map.hash(ServiceKey, Service, { maxEntries: 65536 })
const lb4Backends = map.hash(u32, Backend, { maxEntries: 65536 })

/** Adds the carry of a sum of 16-bit digits. */
const fold = (sum: u64) => (sum & 0xffff) + (sum >> 16)

/**
 * The header checksum after one 32-bit word changed (RFC 1624): ones' complement sum of the old checksum, the old word's
 * complement and the new word, in 16-bit digits. Two folds are enough for a sum below 2^18.
 */
const replaceInChecksum = (checksum: u16, before: u32, after: u32): u16 => {
  const words = u64(~before) + after
  const sum = u64(~checksum) + (words & 0xffff) + (words >> 16)
  return ~u16(fold(fold(sum)))
}

const nodeportLb4 = xdp((ctx) => {
  const eth = ctx.at(Eth, 0)
  const ip = ctx.at(Ip, Eth.size)
  const ports = ctx.at(Ports, Eth.size + Ip.size)
  if (!eth || !ip || !ports || eth.proto !== ETH_P.IP) return XDP.PASS
  if (ip.proto !== IPPROTO.TCP && ip.proto !== IPPROTO.UDP) return XDP.PASS

  const key = ServiceKey({ addr: ip.daddr, dport: ports.destination, proto: ip.proto })
  const service = lb4Services.get(key)
  if (!service || service.count === 0) return XDP.PASS
  key.slot = u16((bpf.random() % service.count) + 1)
  const chosen = lb4Services.get(key)
  if (!chosen) return XDP.PASS
  const backend = lb4Backends.get(chosen.backendId)
  if (!backend) return XDP.PASS

  ip.csum = replaceInChecksum(ip.csum, ip.daddr, backend.addr)
  ip.daddr = backend.addr
  ports.destination = backend.port
  return XDP.PASS
})

export default object({ license: 'GPL', maps: { lb4Services, lb4Backends }, programs: { nodeportLb4 } })
