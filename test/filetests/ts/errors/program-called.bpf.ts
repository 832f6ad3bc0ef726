// test errors
// A program is not a function.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const other = xdp(() => XDP.DROP)

const main = xdp((ctx) => {
  const x = other as any
//          ^^^^^^^^^^^^ error[not-compilable]: a program has no meaning
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
