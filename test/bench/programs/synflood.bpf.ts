/** Counts connection attempts per source address and drops those of a source that made more than 100. */
import { atomic, ETH_P, Eth, IPPROTO, Ipv4, ipv4, map, object, Tcp, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const SYN = 0x02
const ACK = 0x10
const STATS = { seen: 0, dropped: 1, newSource: 2 }

const synCounter = map.hash(ipv4, u64, { maxEntries: 32768 })
const synStats = map.array(u64, { maxEntries: 3 })

const synflood = xdp((ctx) => {
  const eth = ctx.at(Eth, 0)
  if (!eth || eth.proto !== ETH_P.IP) return XDP.PASS
  const ip = ctx.at(Ipv4, Eth.size)
  if (!ip || ip.proto !== IPPROTO.TCP) return XDP.PASS
  const tcp = ctx.at(Tcp, Eth.size + Ipv4.size)
  if (!tcp || (tcp.flags & (SYN | ACK)) !== SYN) return XDP.PASS
  synStats.add(STATS.seen, 1)
  const count = synCounter.get(ip.saddr)
  if (count) {
    if (count.value > 100) {
      synStats.add(STATS.dropped, 1)
      return XDP.DROP
    }
    atomic.add(count, 1)
  } else {
    synStats.add(STATS.newSource, 1)
    synCounter.set(ip.saddr, 1)
  }
  return XDP.PASS
})

export default object({ license: 'GPL', maps: { synCounter, synStats }, programs: { synflood } })
