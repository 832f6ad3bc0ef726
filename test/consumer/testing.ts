/** Type checks only (`tsc --noEmit`): what a test sees of a simulated program. */
import {
  formatTrace,
  parsePacket,
  readPcap,
  simulate,
  type TcVerdict,
  tcp,
  type XdpVerdict,
} from 'unplugin-bpf/testing'
import counter from './count-xdp.bpf.lisp'
import prog from './event-logger.bpf.lisp'

using vm = simulate(prog, { maps: { rbStats: [1n, 2n] }, task: { pid: 7 } })
const run = vm.programs.eventLogger.run(tcp({ dport: 443, flags: 'S' }), { cpu: 0 })
const verdict: XdpVerdict | number = run.retval
const [event] = run.events
if (event?.map === 'events') sink(event.value.dstPort.toFixed())
sink(verdict, formatTrace(run.trace), parsePacket(run.packet).tcp?.flags.length, readPcap(prog.elf)[0]?.time)
const sent: bigint = vm.maps.rbStats.get(0)
const hits: number = vm.faults.ringFull('events').hits
sink(sent, hits, vm.coverage.lcov(), vm.advance(5).events.length)
const loose = simulate(counter.elf)
sink(loose.programs.anything?.run(new Uint8Array(60)))

// @ts-expect-error no such program
vm.programs.eventLoger
// @ts-expect-error no verdict of an XDP program
const wrong: TcVerdict = run.retval
// @ts-expect-error u64 values are bigint
vm.seed({ rbStats: [1] })
// @ts-expect-error no such map
vm.faults.mapFull('rbStat')
// @ts-expect-error no such field
tcp({ dprt: 1 })
// @ts-expect-error an XDP program runs on a packet
vm.programs.eventLogger.run()
sink(wrong)

declare function sink(...values: unknown[]): void
