// test errors
// Recursion is refused.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const loop = (n: number): number => loop(n - 1)
//                                  ^^^^^^^^^^^ error[recursive-call]: `loop` calls itself

const main = xdp((ctx) => {
  if (loop(3) > 2) return XDP.DROP
})

export default object({ license: 'GPL', programs: { main } })
