// test errors
// A name that nobody knows.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const x = nothing
//          ^^^^^^^ error[unbound-variable]: not defined here
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
