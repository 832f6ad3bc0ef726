// test errors
// Signed and unsigned do not mix.
import { i32, object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const a = i32(ctx.length)
  if (a > ctx.length) return XDP.DROP
//    ^^^^^^^^^^^^^^ error[mixed-signedness]: signed i32 and unsigned u32
})

export default object({ license: 'GPL', programs: { main } })
