// test errors
// `range` needs a constant.
import { object, range, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  for (const _ of range(ctx.length)) void 0
//                ^^^^^^^^^^^^^^^^^ error[not-constant]: leave early
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
