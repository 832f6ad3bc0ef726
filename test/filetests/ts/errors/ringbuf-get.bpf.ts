// test errors
// Ring buffers have no keys.
import { map, object, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const events = map.ringbuf(u64, { bytes: 4096 })

const main = xdp((ctx) => {
  (events as any).get(0)
//^^^^^^^^^^^^^^^^^^^^^^ error[wrong-map-kind]: use `reserve()`
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main }, maps: { events } })
