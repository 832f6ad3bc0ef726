import type { Infer } from 'unplugin-bpf/dsl'
import prog, { Event, type Flow, LIMIT } from './filter.bpf.ts'

declare function sink(...values: unknown[]): void

using obj = prog.load({ backend: 'vm' })
using link = obj.programs.dropBlocked.attach({ ifname: 'veth0', mode: 'generic' })
obj.programs.drop443.attach({ ifindex: 1 })
obj.programs.onExec.attach()
for (const [port, n] of obj.maps.counts.entries()) {
  const a: number = port
  const b: bigint = n
  sink(a, b)
}
obj.maps.flows.set(0x7f000001, { packets: 0n, bytes: 0n })
for await (const e of obj.maps.events) {
  const pid: number = e.pid
  const ts: bigint = e.ts
  const comm: string = e.comm
  const raw: Uint8Array = e.raw
  sink(pid, ts, comm, raw)
}
const event: Infer<typeof Event> = Event.decode(new Uint8Array(32))
const flow: Infer<typeof Flow> = { packets: 1n, bytes: 2n }
const limit: number = LIMIT
sink(event, flow, link, limit)
const retval: number = obj.programs.drop80.run(new Uint8Array(64)).retval
const bytes: Uint8Array = prog.elf
sink(bytes, retval)

// @ts-expect-error u64 is bigint in user space
obj.maps.counts.set(1, 1)
// @ts-expect-error tracepoints take no interface
obj.programs.onExec.attach({ ifname: 'eth0' })
// @ts-expect-error no such map
obj.maps.nope
// @ts-expect-error no such program
obj.programs.drop444
