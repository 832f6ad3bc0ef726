// test errors
// Default values are refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const { a = 1 } = { a: 2 }
//        ^^^^^ error[unsupported]: give the value
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
