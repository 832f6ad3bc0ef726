import { map, object, range, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const perPort = map.hash(u32, u64, { maxEntries: 8 })
const second = map.hash(u32, u64, { maxEntries: 8 })
const tables = map.arrayOfMaps(perPort, { maxEntries: 3, maps: [perPort, second] })
const named = map.hashOfMaps(u32, map.array(u64, { maxEntries: 1 }), { maxEntries: 2 })
const stages = map.progArray({ maxEntries: 2, programs: ['small', undefined] })
const results = map.array(u64, { maxEntries: 8 })

export default object({
  license: 'GPL',
  maps: { tables, named, stages, results, perPort, second },
  programs: {
    inner: xdp((ctx) => {
      const index = u32(ctx.length & 3)
      const table = tables.get(index)
      if (!table) return XDP.ABORTED
      table.add(7, 2)
      const count = table.get(7)
      results.set(0, count ? count.value : 99)
      if (table.has(8)) table.delete(8)
      else table.set(8, 1)
      const slot = named.get(5)
      if (slot) slot.add(0, 3)
      return XDP.PASS
    }),
    dispatch: xdp((ctx) => {
      stages.tailCall(ctx, 0)
      return XDP.ABORTED
    }),
    small: xdp((ctx) => {
      results.set(1, ctx.length)
      stages.tailCall(ctx, 1)
      return XDP.TX
    }),
    rounds: xdp((ctx) => {
      let sum = 0
      for (const i of range(ctx.length & 15)) {
        if (i === 2) continue
        sum += i
      }
      results.set(2, sum)
      return XDP.PASS
    }),
  },
})
