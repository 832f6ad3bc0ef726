// test errors
// `typeof` is refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const p = typeof ctx.length
//          ^^^^^^^^^^^^^^^^^ error[unsupported]: types are known at compile time
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
