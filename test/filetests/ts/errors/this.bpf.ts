// test errors
// `this` is refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const t = this
//          ^^^^ error[unsupported]: use the parameter
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
