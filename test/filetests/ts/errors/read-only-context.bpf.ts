// test errors
// The context field cannot be written.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  (ctx as any).ingressIfindex = 1
//^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[read-only-field]: 
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
