// test errors
// Globals of JavaScript are refused with a hint.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  console.log(1)
//^^^^^^^ error[unbound-variable]: use `bpf.printk
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
