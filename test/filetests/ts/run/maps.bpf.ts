// test run
// run main zero 64 = 2
// run main zero 64 = 2
// map counts[1] = 2
// map counts[2] = 10
// map counts[3] = none
// map counts[4] = 1
// map percpu[0] = 4
// map narrow[5] = 6
// Every operation on maps.
import { atomic, map, object, u16, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const counts = map.hash(u32, u64, { maxEntries: 16 })
const percpu = map.array(u64, { maxEntries: 2, perCpu: true })
const narrow = map.hash(u16, u16, { maxEntries: 16 })
const queue = map.queue(u32, { maxEntries: 4 })
const results = map.array(u64, { maxEntries: 16 })

const main = xdp((ctx) => {
  counts.add(1, 1)
  ;(counts as unknown as Record<number, number>)[2]! += 5
  counts.set(3, 1)
  if (counts.has(3)) counts.delete(3)
  counts.set(4, 1, 'noexist')
  counts.set(4, 9, 'noexist')
  counts.set(5, 1, 'exist')
  results.set(0, counts.has(5) ? 1 : 2)
  // map results[0] = 2
  percpu.add(0, 2)
  const value = narrow.get(5)
  if (value) value.value += 3
  else narrow.set(5, 3)
  const count = counts.get(1)
  if (count !== null) {
    const before = atomic.add(count, 100)
    atomic.sub(count, 100)
    results.set(1, before === count.value ? 1 : 0)
    // map results[1] = 1
    const swapped = atomic.compareExchange(count, count.value, count.value)
    results.set(2, swapped === count.value ? 1 : 0)
    // map results[2] = 1
  }
  queue.push(ctx.length)
  const item = queue.pop()
  results.set(3, item ? item.value : 0)
  // map results[3] = 64
  results.set(4, queue.pop() ? 1 : 2)
  // map results[4] = 2
  return XDP.PASS
})

export default object({ license: 'GPL', maps: { counts, percpu, narrow, queue, results }, programs: { main } })
