/** Drops TCP packets to port 9999 and counts them. */
import { ETH_P, Eth, IPPROTO, Ipv4, map, object, Tcp, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const dropCount = map.array(u64, { maxEntries: 1 })

const dropPort = xdp((ctx) => {
  const eth = ctx.at(Eth, 0)
  if (!eth || eth.proto !== ETH_P.IP) return XDP.PASS
  const ip = ctx.at(Ipv4, Eth.size)
  if (!ip || ip.proto !== IPPROTO.TCP) return XDP.PASS
  const tcp = ctx.at(Tcp, Eth.size + Ipv4.size)
  if (tcp?.dport !== 9999) return XDP.PASS
  dropCount.add(0, 1)
  return XDP.DROP
})

export default object({ license: 'GPL', maps: { dropCount }, programs: { dropPort } })
