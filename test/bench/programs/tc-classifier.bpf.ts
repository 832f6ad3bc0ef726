/** Sorts IPv4 TCP and UDP packets by destination port; ports in a set are dropped. */
import { ETH_P, Eth, IPPROTO, Ipv4, map, object, struct, TC, tc, u8, u16, u16be, u64 } from 'unplugin-bpf/dsl'

/** Ports are at the same place in TCP and UDP. */
const Ports = struct({ source: u16be, destination: u16be }, { packed: true })
const STATS = { total: 0, remote: 1, web: 2, blocked: 3 }

const blockedPorts = map.hash(u16, u8, { maxEntries: 256 })
const tcStats = map.array(u64, { maxEntries: 4 })

const tcClassifier = tc((ctx) => {
  const eth = ctx.at(Eth, 0)
  const ip = ctx.at(Ipv4, Eth.size)
  const ports = ctx.at(Ports, Eth.size + Ipv4.size)
  if (!eth || !ip || !ports || eth.proto !== ETH_P.IP) return TC.OK
  if (ip.proto !== IPPROTO.TCP && ip.proto !== IPPROTO.UDP) return TC.OK
  tcStats.add(STATS.total, 1)
  const port = ports.destination
  if (blockedPorts.has(port)) {
    tcStats.add(STATS.blocked, 1)
    return TC.SHOT
  }
  switch (port) {
    case 22:
    case 53:
      tcStats.add(STATS.remote, 1)
      break
    case 80:
    case 443:
      tcStats.add(STATS.web, 1)
      break
  }
  return TC.OK
})

export default object({ license: 'GPL', maps: { blockedPorts, tcStats }, programs: { tcClassifier } })
