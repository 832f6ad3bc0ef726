// test errors
// Regular expressions are refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const r = /x/
//          ^^^ error[unsupported]: match in user space
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
