// test errors
// A literal that does not fit.
import { object, u8, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const x: u8 = 300
//      ^^^^^ error[size-mismatch]: 300 does not fit
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
