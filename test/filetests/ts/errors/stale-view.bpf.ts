// test errors
// A view is not valid after the packet moved.
import { bpf, Eth, object, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  const eth = ctx.at(Eth, 0)
  if (!eth) return XDP.PASS
  bpf.xdpAdjustHead(ctx, 4)
  if (eth.proto === 8) return XDP.DROP
//    ^^^ error[stale-view]: again after the helper
})

export default object({ license: 'GPL', programs: { main } })
