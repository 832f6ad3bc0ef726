/** Counts every packet in the one element of an array. */
import { map, object, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const pktCount = map.array(u64, { maxEntries: 1 })

const countPackets = xdp(() => {
  pktCount.add(0, 1)
  return XDP.PASS
})

export default object({ license: 'GPL', maps: { pktCount }, programs: { countPackets } })
