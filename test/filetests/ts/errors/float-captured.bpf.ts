// test errors
// A captured fraction is named at its use.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const rate = 1.5

const main = xdp((ctx) => {
  if (ctx.length > rate) return XDP.DROP
//                 ^^^^ error[not-compilable]: 1.5 is not an integer
})

export default object({ license: 'GPL', programs: { main } })
