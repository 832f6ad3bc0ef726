// test errors
// The format is known at compile time.
import { bpf, object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  bpf.printk(ctx.length as any)
//^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[not-constant]: the format
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
