// test errors
// A view must be tested before use.
import { Eth, object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const eth = ctx.at(Eth, 0)
  if (eth!.proto === 8) return XDP.DROP
//    ^^^^ error[unchecked-null]: test it
})

export default object({ license: 'GPL', programs: { main } })
