// test errors
// Loops run over arrays.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  for (const x of ctx.length as any) void x
//                ^^^^^^^^^^^^^^^^^ error[wrong-kind]: cannot loop over
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
