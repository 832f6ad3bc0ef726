// test errors
// Too many arguments for a function.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const twice = (x: number) => x * 2

const main = xdp((ctx) => {
  const x = (twice as any)(1, 2)
//          ^^^^^^^^^^^^^^^^^^^^ error[wrong-argument-count]: takes 1 argument
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
