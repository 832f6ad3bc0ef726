// test errors
// A number cannot be called.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const x = (ctx.length as any)()
//               ^^^^^^ error[unknown-form]: the context has no method `length`
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
