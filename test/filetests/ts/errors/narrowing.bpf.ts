// test errors
// A wide value into a narrow variable.
import { bpf, object, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const wide: u64 = bpf.ktimeGetNs()
  const low: u32 = wide + 1
//      ^^^^^^^^ error[narrowing]: this is u64, and `low` is u32
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
