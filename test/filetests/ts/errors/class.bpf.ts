// test errors
// Classes are refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  class A {}
//^^^^^^^^^^ error[unsupported]: use structs and functions
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
