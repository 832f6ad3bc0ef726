// test run
// run main hex 0a0b0c0d0e0f 010203040506 0800 4500 0001 0000000000000000 00000000 00000000 0000 = 2
// ring events = 0a0000000100000068690000000000000001020300080000
// Structs, arrays, strings, wire types, copies and destructuring.
import { array, bool, Eth, map, object, str, struct, u8, u16be, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const Point = struct({ x: u32, y: u32 })
const Event = struct({ first: u32, second: u32, text: str(8), raw: array(u8, 4), proto: u16be, flag: bool })
const Line = struct({ from: Point, to: Point })

const results = map.array(u64, { maxEntries: 32 })
const lines = map.hash(u32, Line, { maxEntries: 4 })
const points = map.hash(Point, u32, { maxEntries: 4 })
const events = map.ringbuf(Event, { bytes: 4096 })

const main = xdp((ctx) => {
  const eth = ctx.at(Eth, 0)
  if (!eth) return XDP.ABORTED
  const event = events.reserve()
  if (!event) return XDP.ABORTED
  event.first = eth.dst[0]!
  event.second = eth.src[0]!
  event.text = 'hi' as never
  for (let i = 0; i < event.raw.length; i++) event.raw[i] = i
  event.proto = 0x0008 // stored in network order
  event.flag = false
  event.submit()

  const { src, proto } = eth
  results.set(0, proto)
  // map results[0] = 2048
  results.set(1, src[5]!)
  // map results[1] = 6
  let sum = 0
  for (const byte of eth.dst) sum += byte
  results.set(2, sum)
  // map results[2] = 75

  const line = Line({ from: { x: 1, y: ctx.length }, to: Point({ x: 3, y: 4 }) })
  line.to.x += 10
  lines.set(7, line)
  const stored = lines.get(7)
  if (stored) {
    results.set(3, stored.from.y)
    // map results[3] = 36
    const { to } = stored
    results.set(4, to.x)
    // map results[4] = 13
    stored.from = to
    results.set(5, stored.from.x + stored.from.y)
    // map results[5] = 17
  }
  points.set({ x: 1, y: 2 }, 9)
  const point = points.get(Point({ x: 1, y: 2 }))
  results.set(6, point ? point.value : 0)
  // map results[6] = 9
  results.set(7, points.get({ x: 2, y: 2 })?.value ?? 77)
  // map results[7] = 77
  return XDP.PASS
})

export default object({ license: 'GPL', maps: { results, lines, points, events }, programs: { main } })
