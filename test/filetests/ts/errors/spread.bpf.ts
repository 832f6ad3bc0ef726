// test errors
// Spread is refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const a = [...[1, 2]]
//           ^^^^^^^^^ error[unsupported]: write the elements out
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
