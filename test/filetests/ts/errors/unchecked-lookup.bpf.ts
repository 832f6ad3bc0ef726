// test errors
// A lookup must be tested before use.
import { map, object, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const counts = map.hash(u32, u64, { maxEntries: 4 })

const main = xdp((ctx) => {
  const c = counts.get(0)
  c!.value += 1
//^^ error[unchecked-null]: may be null here
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main }, maps: { counts } })
