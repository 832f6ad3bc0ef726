// test run
// run main zero 64 = 2
// Operands are evaluated from left to right, whatever they turn into.
import { map, object, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const results = map.array(u64, { maxEntries: 8 })
const counter = map.hash(u32, u64, { maxEntries: 4 })

const next = (): u64 => {
  counter.add(0, 1)
  const c = counter.get(0)
  return c ? c.value : 0
}

const main = xdp((ctx) => {
  const read = (): u64 => counter.get(0)?.value ?? 0
  counter.set(0, 0)
  results.set(0, read() * 100 + next() * 10 + next())
  // map results[0] = 12
  let x = ctx.length
  const bump = (): u32 => {
    x += 1
    return x
  }
  results.set(1, x * 10000 + bump() * 100 + x)
  // map results[1] = 646565
  const c = counter.get(0)
  if (c) results.set(2, c.value * 10 + next())
  // map results[2] = 23
  let i = 5
  results.set(3, i++ * 100 + i * 10 + ++i)
  // map results[3] = 567
  return XDP.PASS
})

export default object({ license: 'GPL', maps: { results, counter }, programs: { main } })
