// test errors
// `debugger` is refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  debugger
//^^^^^^^^ error[unsupported]: use `bpf.printk`
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
