/** Allows a packet when its sender's identity may talk to its destination port and protocol. */
import { ETH_P, Eth, IPPROTO, Ipv4, ipv4, map, object, struct, u8, u16be, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

export const PolicyKey = struct({ identity: u32, dport: u16be, proto: u8, pad: u8 })
const Ports = struct({ source: u16be, destination: u16be }, { packed: true })
const STATS = { total: 0, allowed: 1, unknownSource: 2, denied: 3 }

const ipcacheV4 = map.hash(ipv4, u32, { maxEntries: 65536 })
const policyV4 = map.hash(PolicyKey, u32, { maxEntries: 16384 })
const policyStats = map.array(u64, { maxEntries: 4 })

const policyL4 = xdp((ctx) => {
  const eth = ctx.at(Eth, 0)
  const ip = ctx.at(Ipv4, Eth.size)
  const ports = ctx.at(Ports, Eth.size + Ipv4.size)
  if (!eth || !ip || !ports || eth.proto !== ETH_P.IP) return XDP.PASS
  if (ip.proto !== IPPROTO.TCP && ip.proto !== IPPROTO.UDP) return XDP.PASS
  policyStats.add(STATS.total, 1)
  const identity = ipcacheV4.get(ip.saddr)
  if (!identity) {
    policyStats.add(STATS.unknownSource, 1)
    return XDP.DROP
  }
  if (policyV4.has(PolicyKey({ identity: identity.value, dport: ports.destination, proto: ip.proto }))) {
    policyStats.add(STATS.allowed, 1)
    return XDP.PASS
  }
  policyStats.add(STATS.denied, 1)
  return XDP.DROP
})

export default object({ license: 'GPL', maps: { ipcacheV4, policyV4, policyStats }, programs: { policyL4 } })
