// test errors
// Constant data is indexed at compile time.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const ports = [80, 443]

const main = xdp((ctx) => {
  if (ports[ctx.length] === 80) return XDP.DROP
//    ^^^^^^^^^^^^^^^^^ error[not-constant]: for..of
})

export default object({ license: 'GPL', programs: { main } })
