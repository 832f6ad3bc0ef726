// test errors
// `-` of an unsigned number.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  if (-ctx.length === 1) return XDP.DROP
//    ^^^^^^^^^^^ error[mixed-signedness]: -i32(x)
})

export default object({ license: 'GPL', programs: { main } })
