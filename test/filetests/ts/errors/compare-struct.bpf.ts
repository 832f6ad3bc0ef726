// test errors
// Structs are compared field by field.
import { Eth, object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const eth = ctx.at(Eth, 0)
  if (!eth) return XDP.PASS
  if (eth.dst === eth.src) return XDP.DROP
//    ^^^^^^^^^^^^^^^^^^^ error[wrong-kind]: cannot be compared as a whole
})

export default object({ license: 'GPL', programs: { main } })
