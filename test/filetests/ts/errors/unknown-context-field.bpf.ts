// test errors
// A field that the context does not have.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  if ((ctx as any).len > 3) return XDP.DROP
//    ^^^^^^^^^^^^^^^^ error[unknown-field]: has no field `len`
})

export default object({ license: 'GPL', programs: { main } })
