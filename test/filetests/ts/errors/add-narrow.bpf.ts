// test errors
// `add` needs 32 or 64 bits.
import { map, object, u8, u32, XDP, xdp } from 'unplugin-bpf/dsl'

const small = map.hash(u32, u8, { maxEntries: 4 })

const main = xdp((ctx) => {
  (small as any).add(0, 1)
//^^^^^^^^^^^^^^^^^^^^^^^^ error[wrong-map-kind]: declare a wider value
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main }, maps: { small } })
