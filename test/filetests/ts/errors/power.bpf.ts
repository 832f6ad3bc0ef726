// test errors
// `**` is refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const p = ctx.length ** 2
//          ^^^^^^^^^^^^^^^ error[unsupported]: multiply, or shift
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
