// test errors
// A helper that the kernel does not have.
import { bpf, object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const x = (bpf as any).fooBar()
//          ^^^^^^^^^^^^^^^^^^^^^ error[unknown-form]: no helper `fooBar`
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
