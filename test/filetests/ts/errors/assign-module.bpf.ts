// test errors
// A program cannot assign a variable of the module.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

// biome-ignore lint/style/useConst: the subject of the test
let count = 1

const main = xdp((ctx) => {
  count = 2
//^^^^^ error[constant-assigned]: global(u64, 0)
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
