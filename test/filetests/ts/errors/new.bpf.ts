// test errors
// `new` is refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const m = new Map()
//          ^^^^^^^^^ error[unsupported]: make a struct by calling its schema
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
