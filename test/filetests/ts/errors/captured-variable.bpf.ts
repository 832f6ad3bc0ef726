// test errors
// A captured variable that is assigned elsewhere is a warning.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

let limit = 100
limit = 200

const main = xdp((ctx) => {
  if (ctx.length > limit) return XDP.DROP
//                 ^^^^^ warning[captured-variable]: is assigned outside
})

export default object({ license: 'GPL', programs: { main } })
