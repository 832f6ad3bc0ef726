// test errors
// A field that the struct does not have.
import { Eth, object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const eth = ctx.at(Eth, 0) as any
  if (!eth) return XDP.PASS
  if (eth.protocol === 8) return XDP.DROP
//    ^^^^^^^^^^^^ error[unknown-field]: it has dst, src, proto
})

export default object({ license: 'GPL', programs: { main } })
