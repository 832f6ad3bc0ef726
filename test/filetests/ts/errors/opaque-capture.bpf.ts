// test errors
// A captured value without a meaning.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const seen = new Map<number, number>()

const main = xdp((ctx) => {
  if (seen) return XDP.DROP
//    ^^^^ error[not-compilable]: has no meaning in a BPF program
})

export default object({ license: 'GPL', programs: { main } })
