// test errors
// A method that maps do not have.
import { map, object, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const counts = map.hash(u32, u64, { maxEntries: 4 })

const main = xdp((ctx) => {
  (counts as any).increment(0)
//^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[wrong-map-kind]: maps have get
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main }, maps: { counts } })
