// test errors
// Destructuring of arrays is refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const [a] = [1]
//      ^^^ error[unsupported]: name the elements
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
