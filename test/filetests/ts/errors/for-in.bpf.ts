// test errors
// `for..in` is refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  for (const k in ctx) void k
//^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[unsupported]: use `for..of`
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
