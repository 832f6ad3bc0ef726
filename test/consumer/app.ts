/** Type checks only (`tsc --noEmit`): what an application sees of an imported program. */

import counter from './count-xdp.bpf.lisp'
import prog, { type ConnEvent, ConnEvent as ConnEventCodec, constants } from './event-logger.bpf.lisp'

using obj = counter.load()
const count: bigint = obj.maps.pktCount.get(0)
obj.maps.pktCount.set(0, count + 1n)
using link = obj.programs.countPackets.attach({ ifname: 'veth0', mode: 'generic' })
const { retval, data, durationNs } = obj.programs.countPackets.run(new Uint8Array(64))
sink(retval.toFixed(), data.length, durationNs.toFixed(), link)

using log = prog.load({ backend: 'vm' })
const stop: () => void = log.maps.events.on((event: ConnEvent) => sink(event.srcAddr.toFixed(), event.dstPort))
stop()
for await (const event of log.maps.events) sink(event.proto.toFixed())
for (const [index, value] of log.maps.rbStats) sink(index.toFixed(), value * 2n)
const decoded: ConnEvent = ConnEventCodec.decode(prog.elf)
const encoded: Uint8Array = prog.structs.ConnEvent.encode(decoded)
const sent: 0 = constants.STAT_EVENTS_SENT
const pid: number = ConnEventCodec.size
sink(encoded, sent, pid)

link.update(obj.programs.countPackets)
link.pin('/sys/fs/bpf/link')
const index: number | undefined = link.info()?.ifindex
using all = obj.attachAll({ countPackets: { ifname: 'veth0', pin: '/sys/fs/bpf/x', onExisting: 'adopt' } })
const skipped: readonly string[] = all.skipped
sink(index, skipped)

// @ts-expect-error XDP programs have no direction
obj.programs.countPackets.attach({ ifname: 'veth0', direction: 'egress' })
// @ts-expect-error no such mode
obj.programs.countPackets.attach({ ifname: 'veth0', mode: 'nativ' })
// @ts-expect-error no such policy
obj.programs.countPackets.attach({ ifname: 'veth0', pin: '/sys/fs/bpf/x', onExisting: 'keep' })
// @ts-expect-error options of an XDP program
obj.attachAll({ countPackets: { cgroup: '/sys/fs/cgroup/x' } })
// @ts-expect-error XDP programs trace nothing
log.programs.eventLogger.attach({ ifname: 'veth0', target: 'do_unlinkat' })
// @ts-expect-error no such map
obj.maps.pktCuont
// @ts-expect-error u64 values are bigint
obj.maps.pktCount.set(0, 1)
// @ts-expect-error no such program
obj.programs.countPacket
// @ts-expect-error an XDP program attaches to an interface
obj.programs.countPackets.attach({ cgroup: '/sys/fs/cgroup/x' })
// @ts-expect-error no such field
sink(decoded.srcAdr)
// @ts-expect-error no such backend
prog.load({ backend: 'kernle' })

declare function sink(...values: unknown[]): void
