// test errors
// A case is a constant.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  switch (ctx.length) {
    case ctx.rxQueueIndex:
//       ^^^^^^^^^^^^^^^^ error[not-constant]: use `if`
      return XDP.DROP
  }
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
