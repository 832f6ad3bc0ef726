// test run
// run main zero 64 = 2
// run main zero 64 = 2
// map results[0] = 2
// map results[1] = 1000
// map results[2] = 7
// Global variables, constants of the loader, functions that are called.
import { global, map, object, rodata, struct, subprog, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const Stats = struct({ packets: u64, bytes: u64 })
const hits = global(u64, 0n)
const stats = global(Stats, { packets: 0n, bytes: 5n })
const limit = rodata(u32, 1000)
const results = map.array(u64, { maxEntries: 8 })

const mix = subprog([u32, u32], u32, (a, b) => {
  let h = a ^ b
  for (let i = 0; i < 4; i++) h = u32(h * 3)
  return h
})

const main = xdp((ctx) => {
  hits.value += 1
  stats.bytes += 1
  results.set(0, hits.value)
  results.set(1, limit.value)
  results.set(2, stats.bytes)
  results.set(3, mix(ctx.length, 1))
  // map results[3] = 5265
  return XDP.PASS
})

export default object({ license: 'GPL', maps: { results }, globals: { hits, stats, limit }, programs: { main } })
