// test errors
// A shift wider than its type.
import { object, u8, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const x = u8(ctx.length) << 8
//          ^^^^^^^^^^^^^^^^^^^ error[shift-out-of-range]: widen the value first
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
