// test errors
// `?.` alone is refused.
import { Eth, object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const eth = ctx.at(Eth, 0)
  const p = eth?.proto
//          ^^^^^^^^^^ error[unsupported]: ?? 0
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
