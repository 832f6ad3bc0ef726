// test errors
// `instanceof` is refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const p = (ctx as object) instanceof Object
//                                     ^^^^^^ error[unbound-variable]: not defined
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
