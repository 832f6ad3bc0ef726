// test errors
// A test on one path says nothing about the other.
import { Eth, object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const eth = ctx.at(Eth, 0)
  if (ctx.length > 60 && eth) return XDP.TX
  if (eth!.proto === 8) return XDP.DROP
//    ^^^^ error[unchecked-null]: may be null here
})

export default object({ license: 'GPL', programs: { main } })
