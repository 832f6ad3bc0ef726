// test errors
// A constant index outside the array.
import { Eth, object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const eth = ctx.at(Eth, 0)
  if (!eth) return XDP.PASS
  if (eth.dst[6] === 1) return XDP.DROP
//    ^^^^^^^^^^ error[index-out-of-range]: has 6 elements
})

export default object({ license: 'GPL', programs: { main } })
