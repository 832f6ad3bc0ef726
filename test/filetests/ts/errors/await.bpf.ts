// test errors
// An async handler is refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp(async () => XDP.PASS)
//               ^^^^^^^^^^^^^^^^^^^^ error[unsupported]: `await` is not supported in kernel functions

export default object({ license: 'GPL', programs: { main } })
