// test errors
// `try` is refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  try { void 0 } catch {}
//^^^^^^^^^^^^^^^^^^^^^^^ error[unsupported]: nothing throws in the kernel
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
