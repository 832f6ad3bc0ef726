// test errors
// A truth value is no number.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const x = ctx.length + ((ctx.length > 3) as never)
//          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[wrong-kind]: u32(condition)
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
