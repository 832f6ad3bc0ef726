// test errors
// A helper that the program type may not call.
import { bpf, object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  bpf.overrideReturn(ctx as any, 0)
//^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[helper-not-allowed]: may not call
})

export default object({ license: 'GPL', programs: { main } })
