// test errors
// A reserved record must be released on every path.
import { map, object, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const events = map.ringbuf(u64, { bytes: 4096 })

const main = xdp((ctx) => {
  const record = events.reserve()
  if (!record) return XDP.PASS
  record.value = 1
  if (ctx.length > 100) return XDP.DROP
//                      ^^^^^^^^^^^^^^^ error[ringbuf-leak]: neither submitted nor discarded
  record.submit()
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main }, maps: { events } })
