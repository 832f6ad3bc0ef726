// test errors
// There are no fractions.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const f = 0.5
//          ^^^ error[not-compilable]: no floating point
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
