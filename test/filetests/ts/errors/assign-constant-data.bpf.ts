// test errors
// Data of compile time cannot be changed.
import { object, XDP, xdp } from 'unplugin-bpf/dsl'

const ports = [80, 443]

const main = xdp((ctx) => {
  ports[0] = 1
//^^^^^ error[constant-assigned]: known at compile time
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
