// test errors
// `throw` is refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  throw 1
//^^^^^^^ error[unsupported]: return a verdict
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
