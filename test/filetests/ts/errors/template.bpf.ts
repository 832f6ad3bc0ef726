// test errors
// Templates with parts are refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const s = `${ctx.length}`
//          ^^^^^^^^^^^^^^^ error[unsupported]: bpf.printk
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
