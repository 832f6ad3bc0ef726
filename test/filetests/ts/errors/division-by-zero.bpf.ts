// test errors
// Division by a constant 0.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const x = ctx.length / 0
//          ^^^^^^^^^^^^^^ error[division-by-zero]: by the constant 0
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
