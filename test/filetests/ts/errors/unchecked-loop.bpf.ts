// test errors
// What a loop assigns must be tested in every round.
import { object, range, Vlan, XDP, xdp } from 'unplugin-bpf/dsl'

const main = xdp((ctx) => {
  let tag = ctx.at(Vlan, 10)
  if (!tag) return XDP.DROP
  for (const _ of range(2)) {
    if (tag!.proto === 0x8100) tag = ctx.after(tag!, Vlan)
//      ^^^^ error[unchecked-null]: may be null here
  }
  return XDP.PASS
})

export default object({ license: 'GPL', programs: { main } })
