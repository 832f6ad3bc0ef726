import {
  array,
  bpf,
  ETH_P,
  Eth,
  each,
  IPPROTO,
  Ipv4,
  i32,
  kprobe,
  map,
  object,
  range,
  rodata,
  str,
  struct,
  subprog,
  Tcp,
  tracepoint,
  u8,
  u16,
  u32,
  u32be,
  u64,
  XDP,
  xdp,
} from 'unplugin-bpf/dsl'

export const Event = struct({ pid: u32, ts: u64, comm: str(16), raw: array(u8, 4) })
export const Flow = struct({ packets: u64, bytes: u64 })
export const LIMIT = 4096

const counts = map.hash(u32, u64, { maxEntries: 1024, lru: true })
const flows = map.hash(u32be, Flow, { maxEntries: LIMIT })
const events = map.ringbuf(Event, { bytes: 1 << 16 })
const minUid = rodata(u32, 1000)

/** A constant of the module: captured, and the loop over it is unrolled. */
const BLOCKED = [22, 23, 3389]

/** Inlined where it is called. */
const ihl = (verIhl: u8) => (verIhl & 0x0f) * 4

/** A BPF-to-BPF call. */
const mix = subprog([u32, u32], u32, (a, b) => {
  let h = a ^ b
  for (const _ of range(4)) h = u32(h * 0x9e3779b1)
  return h >>> 3
})

/** Makes handlers with constants of their own. */
const dropPort = (ports: readonly number[], verdict: 1 | 2 = XDP.DROP) =>
  xdp((ctx) => {
    const eth = ctx.at(Eth, 0)
    if (!eth || eth.proto !== ETH_P.IP) return XDP.PASS
    const ip = ctx.at(Ipv4, Eth.size)
    if (!ip || ip.proto !== IPPROTO.TCP) return XDP.PASS
    const tcp = ctx.at(Tcp, Eth.size + ihl(ip.verIhl))
    if (!tcp) return XDP.PASS
    const flow = flows.get(ip.saddr)
    if (flow) {
      flow.packets += 1
      flow.bytes += ctx.length
    } else flows.set(ip.saddr, Flow({ packets: 1, bytes: ctx.length }))
    for (const port of ports) {
      if (tcp.dport === port) {
        counts.add(port, 1)
        return verdict
      }
    }
    const count = counts.get(mix(ip.saddr, ip.daddr))
    if (count) count.value += 1
    return XDP.PASS
  })

const onExec = tracepoint('sched/sched_process_exec', (ctx) => {
  if (u32(bpf.uidGid()) < minUid.value) return 0
  const event = events.reserve()
  if (!event) return 0
  event.pid = u32(bpf.pidTgid() >> 32)
  event.ts = bpf.ktimeGetNs()
  bpf.comm(event.comm)
  for (let i = 0; i < event.raw.length; i++) event.raw[i] = u8(i)
  event.submit()
  return ctx.pid
})

const unlink = kprobe('do_unlinkat', [i32, u64], (dfd, name) => {
  counts.add(u32(bpf.pidTgid() >> 32), 1)
  void dfd
  void name
})

/** `{ drop80, drop443 }`, with typed keys. */
const perPort = each('drop', [80, 443], (port) => dropPort([port]))

export default object({
  license: 'GPL',
  maps: { counts, flows, events },
  globals: { minUid },
  programs: { dropBlocked: dropPort(BLOCKED), onExec, unlink, ...perPort },
})

export const negative = () => {
  // @ts-expect-error 77 is no verdict of XDP
  xdp(() => 77)
  xdp((ctx) => {
    // @ts-expect-error may be null: the null check is the verifier's bounds check
    ctx.at(Eth, 0).proto
    return XDP.PASS
  })
  const wide: u64 = u16(3)
  // @ts-expect-error narrowing between scalars needs a cast
  const narrow: u16 = wide
  // Operators erase the width: this one is the compiler's to check.
  const viaOperator: u16 = wide + 1
  // @ts-expect-error no such field
  flows.set(1, Flow({ packets: 1, byte: 2 }))
  // @ts-expect-error bigint and number do not mix
  const mixed = wide + 1n
  // @ts-expect-error not a known tracepoint, and no struct
  tracepoint('nope/nope', () => 0)
  // @ts-expect-error no such section
  xdp({ section: 'tc' }, () => XDP.PASS)
  return [narrow, viaOperator, mixed]
}
