// test run
// run main zero 64 = 2
// Integers wrap at their width; operators follow the sign; widths that differ widen.
import { i8, i32, i64, map, object, u8, u16, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const results = map.array(u64, { maxEntries: 32 })

const main = xdp((ctx) => {
  const length = ctx.length // 64
  const small: u8 = u8(length + 200)
  results.set(0, small) // 264 & 0xff
  // map results[0] = 8
  results.set(1, length - 65) // wraps at 32 bits
  // map results[1] = 4294967295
  results.set(2, u64(length) - 65)
  // map results[2] = 18446744073709551615
  results.set(3, length / 7)
  // map results[3] = 9
  results.set(4, length % 7)
  // map results[4] = 1
  const negative = i32(length) - 100 // -36
  results.set(5, u32(negative / 7))
  // map results[5] = 4294967291
  results.set(6, u32(negative % 7))
  // map results[6] = 4294967295
  results.set(7, u32(negative >> 2))
  // map results[7] = 4294967287
  results.set(8, negative >>> 28)
  // map results[8] = 15
  results.set(9, length > 63 ? 1 : 0)
  // map results[9] = 1
  results.set(10, negative < 0 ? 1 : 0)
  // map results[10] = 1
  results.set(11, u32(negative) > 100 ? 1 : 0)
  // map results[11] = 1
  // biome-ignore lint/correctness/noPrecisionLoss: literals are exact in kernel functions
  results.set(12, 0xffff_ffff_ffff_fff0)
  // map results[12] = 18446744073709551600
  results.set(13, u64(~length))
  // map results[13] = 4294967231
  results.set(14, (length & ~0x40) | 3)
  // map results[14] = 3
  results.set(15, u64(i64(i8(length + 100)))) // 164 as i8 is -92
  // map results[15] = 18446744073709551524
  const wide: u16 = u16(length) * 2000 // 128000 & 0xffff
  results.set(16, wide)
  // map results[16] = 62464
  results.set(17, u64(length) << 40)
  // map results[17] = 70368744177664
  results.set(18, u32(length > 3) + u32(!length))
  // map results[18] = 1
  let x: u8 = 250
  x += 10
  results.set(19, x)
  // map results[19] = 4
  let y = length
  y <<= 2
  y ^= 1
  y--
  results.set(20, y++)
  // map results[20] = 256
  results.set(21, y)
  // map results[21] = 257
  results.set(22, u64(-i32(length)))
  // map results[22] = 18446744073709551552
  return XDP.PASS
})

export default object({ license: 'GPL', maps: { results }, programs: { main } })
