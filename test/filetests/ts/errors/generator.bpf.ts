// test errors
// Generators are refused where they are called.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

function* numbers() {
  yield 1
}
const main = xdp(() => {
  numbers()
//^^^^^^^^^ error[unsupported]: `numbers` is a generator
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
