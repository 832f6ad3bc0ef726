// test run
// run main zero 64 = 2
// run drop80 tcp to=80 = 1
// run drop80 tcp to=443 = 2
// run drop443 tcp to=443 = 1
// Constants are captured per closure; loops over them are written out; plain functions are inlined.
import { ETH_P, Eth, each, IPPROTO, Ipv4, map, object, Tcp, type u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const results = map.array(u64, { maxEntries: 16 })
const TABLE = { limits: [10, 20, 30], name: 'test', nested: { deep: 5 } }
const primes = Array.from({ length: 5 }, (_, i) => [2, 3, 5, 7, 11][i])
const big = 0xffff_ffff_ffffn

const clamp = (value: u32, low: u32, high: u32): u32 => {
  if (value < low) return low
  return value > high ? high : value
}
const twice = (f: (x: u32) => u32, x: u32) => f(f(x))

const main = xdp((ctx) => {
  let sum = 0
  for (const limit of TABLE.limits) if (ctx.length > limit) sum += limit
  results.set(0, sum)
  // map results[0] = 60
  results.set(1, clamp(ctx.length, 100, 200) + clamp(ctx.length, 1, 2))
  // map results[1] = 102
  results.set(2, TABLE.name === 'test' ? TABLE.nested.deep : 0)
  // map results[2] = 5
  let product = 1
  for (let i = 0; i < primes.length; i++) product *= primes[i]!
  results.set(3, product)
  // map results[3] = 2310
  const add = (x: u32) => x + ctx.length
  results.set(4, twice(add, 1))
  // map results[4] = 129
  results.set(5, big as unknown as u64)
  // map results[5] = 281474976710655
  const { limits, nested } = TABLE
  results.set(6, limits.length + nested.deep)
  // map results[6] = 8
  const local = [ctx.length, 7]
  let all = 0
  for (const item of local) all += item
  results.set(7, all)
  // map results[7] = 71
  results.set(8, later(ctx.length))
  // map results[8] = 65
  function later(x: u32) {
    return x + 1
  }
  return XDP.PASS
})

const dropPort = (port: number) =>
  xdp((ctx) => {
    const eth = ctx.at(Eth, 0)
    if (!eth || eth.proto !== ETH_P.IP) return XDP.PASS
    const ip = ctx.at(Ipv4, Eth.size)
    if (!ip || ip.proto !== IPPROTO.TCP) return XDP.PASS
    const tcp = ctx.at(Tcp, Eth.size + (ip.verIhl & 0x0f) * 4)
    return tcp && tcp.dport === port ? XDP.DROP : XDP.PASS
  })

export default object({
  license: 'GPL',
  maps: { results },
  programs: { main, ...each('drop', [80, 443], dropPort) },
})
