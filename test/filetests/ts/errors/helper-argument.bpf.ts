// test errors
// A helper argument of the wrong kind.
import { bpf, object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  bpf.redirectMap(ctx as any, 0, 0)
//^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[wrong-kind]: is a map
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
