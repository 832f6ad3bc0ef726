// test errors
// Rest patterns are refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const { ...rest } = { a: 2 }
//        ^^^^^^^ error[unsupported]: name the fields
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
