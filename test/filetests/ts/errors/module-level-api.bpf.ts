// test errors
// Constructors belong to module level.
import { object, struct, u32, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const m = struct({ a: u32 } as any)
//          ^^^^^^ error[not-compilable]: has no meaning in a BPF program
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
