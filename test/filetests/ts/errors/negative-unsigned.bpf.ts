// test errors
// An unsigned number is never negative.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  if (ctx.length === -1) return XDP.DROP
//    ^^^^^^^^^^^^^^^^^ error[mixed-signedness]: never negative
})

export default object({ license: 'GPL', programs: { main } })
