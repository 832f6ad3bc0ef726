// test run
// run main zero 64 = 2
// run exits zero 15 = 1
// run exits zero 64 = 3
// run exits zero 100 = 2
// run optional tcp to=80 = 3
// run optional udp to=80 = 4
// run optional tcp6 to=80 = 2
// Statements: loops with break, continue and labels, switch with and without fall-through, early returns.
import { Eth, Ipv4, map, object, range, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const results = map.array(u64, { maxEntries: 32 })

const kind = (n: u32): u32 => {
  switch (n) {
    case 1:
    case 2:
      return 10
    case 3:
      return 20
    default:
      return 30
  }
}

const main = xdp((ctx) => {
  const length = ctx.length
  let sum = 0
  for (let i = 0; i < 10; i++) {
    if (i === 3) continue
    if (i === 8) break
    sum += i
  }
  results.set(0, sum) // 0+1+2+4+5+6+7
  // map results[0] = 25
  let rounds = 0
  for (const i of range(5)) {
    for (const j of range(5)) {
      if (j > i) break
      rounds++
    }
  }
  results.set(1, rounds)
  // map results[1] = 15
  let found = 0
  outer: for (const i of range(4)) {
    for (const j of range(4)) {
      if (i * j === 6) {
        found = i * 10 + j
        break outer
      }
    }
  }
  results.set(2, found)
  // map results[2] = 23
  let bits = 0
  let rest = length // 64
  while (rest > 1 && bits < 32) {
    rest >>= 1
    bits++
  }
  results.set(3, bits)
  // map results[3] = 6
  let n = 0
  do {
    n += 3
  } while (n < 10)
  results.set(4, n)
  // map results[4] = 12
  results.set(5, kind(u32(length - 62)) + kind(u32(length - 61)) + kind(length)) // 2, 3, 64
  // map results[5] = 60
  let text = 0
  switch (length) {
    // @ts-expect-error: noFallthroughCasesInSwitch
    // biome-ignore lint/suspicious/noFallthroughSwitchClause: the subject of the test
    case 64:
      text += 1
    // falls through
    case 65:
      text += 2
      if (length === 64) break
      text += 100
      break
    case 66:
      text += 1000
  }
  results.set(6, text)
  // map results[6] = 3
  let down = 0
  for (let i = 8; i > 0; i -= 2) down = down * 10 + i
  results.set(7, down)
  // map results[7] = 8642
  let limit = 0
  for (let i = 0; i < length; i++) {
    if (i >= 40) break
    limit++
  }
  results.set(8, limit)
  // map results[8] = 40
  let flag = length > 10
  if (!flag) flag = true
  else flag = length === 64 && flag
  results.set(9, u32(flag))
  // map results[9] = 1
  length > 100 && results.set(10, 7)
  length > 100 || results.set(11, 8)
  // map results[10] = 0
  // map results[11] = 8
  return XDP.PASS
})

const optional = xdp((ctx) => {
  const eth = ctx.at(Eth, 0)
  if (eth?.proto !== 0x0800) return XDP.PASS
  const ip = ctx.at(Ipv4, Eth.size)
  // What is known on the two sides follows from the comparison.
  if (eth.dst[0] !== 0xff && ip?.proto === 6) return ip.ttl === 64 ? XDP.TX : XDP.DROP
  return ctx.at(Ipv4, 4000)?.ttl === 3 ? XDP.ABORTED : XDP.REDIRECT
})

const exits = xdp((ctx) => {
  if (ctx.length < 20) return XDP.DROP
  else if (ctx.length < 80) {
    if (ctx.length === 64) return XDP.TX
  }
  return XDP.PASS
})

export default object({ license: 'GPL', maps: { results }, programs: { main, exits, optional } })
