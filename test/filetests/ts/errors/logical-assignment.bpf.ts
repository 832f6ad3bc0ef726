// test errors
// `||=` and its relatives are refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  let x = ctx.length
  x ||= 3
//^^^^^^^ error[unsupported]: use `if`
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
