// test errors
// A wide value into a narrow field.
import { Eth, object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const eth = ctx.at(Eth, 0)
  if (!eth) return XDP.PASS
  eth.proto = ctx.length * 2
//^^^^^^^^^ error[narrowing]: this is u32
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
