/**
 * The program constructors: which sections each one makes, and what its handler gets. One row per exported function;
 * contexts, verdicts, attach types and user-space handles follow from the tables. `generated/programs.ts` has the types.
 */
import type { ProgramTypeName } from '../tables/program-types.ts'

export interface ContextProgramRow {
  readonly type: ProgramTypeName
  /** Sections that `{ section }` may name; the first is the default. */
  readonly sections: readonly [string, ...string[]]
  readonly doc: string
}

const row = <const S extends readonly [string, ...string[]]>(type: ProgramTypeName, sections: S, doc: string) => ({
  type,
  sections,
  doc,
})
const address = <const S extends string>(section: S, doc: string) => row('cgroup_sock_addr', [`cgroup/${section}`], doc)

/** `name((ctx) => verdict)`: programs with a context struct and no target. */
export const CONTEXT_PROGRAMS = {
  xdp: row(
    'xdp',
    ['xdp', 'xdp.frags', 'xdp/devmap', 'xdp.frags/devmap', 'xdp/cpumap', 'xdp.frags/cpumap'],
    'Packets as the driver receives them.',
  ),
  tc: row(
    'sched_cls',
    ['tc', 'tcx/ingress', 'tcx/egress', 'tc/ingress', 'tc/egress', 'classifier'],
    'Packets in traffic control, both directions.',
  ),
  netkit: row('sched_cls', ['netkit/primary', 'netkit/peer'], 'Packets of a netkit device.'),
  tcAction: row('sched_act', ['action'], 'An action of traffic control.'),
  socketFilter: row('socket_filter', ['socket'], 'Packets of one socket; returns how many bytes to keep.'),
  cgroupSkb: row(
    'cgroup_skb',
    ['cgroup/skb', 'cgroup_skb/ingress', 'cgroup_skb/egress'],
    'Packets of the sockets in a cgroup.',
  ),
  sockCreate: row('cgroup_sock', ['cgroup/sock_create', 'cgroup/sock'], 'A process of the cgroup makes a socket.'),
  sockRelease: row('cgroup_sock', ['cgroup/sock_release'], 'A socket is closed.'),
  postBind4: row('cgroup_sock', ['cgroup/post_bind4'], 'After bind(2), IPv4.'),
  postBind6: row('cgroup_sock', ['cgroup/post_bind6'], 'After bind(2), IPv6.'),
  connect4: address('connect4', 'connect(2), IPv4: may change the destination.'),
  connect6: address('connect6', 'connect(2), IPv6: may change the destination.'),
  connectUnix: address('connect_unix', 'connect(2), Unix sockets.'),
  bind4: address('bind4', 'bind(2), IPv4: may change the address.'),
  bind6: address('bind6', 'bind(2), IPv6: may change the address.'),
  sendmsg4: address('sendmsg4', 'sendmsg(2) on UDP, IPv4.'),
  sendmsg6: address('sendmsg6', 'sendmsg(2) on UDP, IPv6.'),
  sendmsgUnix: address('sendmsg_unix', 'sendmsg(2), Unix sockets.'),
  recvmsg4: address('recvmsg4', 'recvmsg(2) on UDP, IPv4.'),
  recvmsg6: address('recvmsg6', 'recvmsg(2) on UDP, IPv6.'),
  recvmsgUnix: address('recvmsg_unix', 'recvmsg(2), Unix sockets.'),
  getpeername4: address('getpeername4', 'getpeername(2), IPv4.'),
  getpeername6: address('getpeername6', 'getpeername(2), IPv6.'),
  getpeernameUnix: address('getpeername_unix', 'getpeername(2), Unix sockets.'),
  getsockname4: address('getsockname4', 'getsockname(2), IPv4.'),
  getsockname6: address('getsockname6', 'getsockname(2), IPv6.'),
  getsocknameUnix: address('getsockname_unix', 'getsockname(2), Unix sockets.'),
  getsockopt: row('cgroup_sockopt', ['cgroup/getsockopt'], 'getsockopt(2).'),
  setsockopt: row('cgroup_sockopt', ['cgroup/setsockopt'], 'setsockopt(2).'),
  cgroupSysctl: row('cgroup_sysctl', ['cgroup/sysctl'], 'A process of the cgroup reads or writes /proc/sys.'),
  cgroupDevice: row('cgroup_device', ['cgroup/dev'], 'A process of the cgroup opens a device.'),
  sockOps: row('sock_ops', ['sockops'], 'Events of TCP connections.'),
  skSkb: row(
    'sk_skb',
    ['sk_skb/stream_verdict', 'sk_skb/stream_parser', 'sk_skb/verdict', 'sk_skb'],
    'Data of the sockets in a sockmap.',
  ),
  skMsg: row('sk_msg', ['sk_msg'], 'sendmsg(2) of the sockets in a sockmap.'),
  skLookup: row('sk_lookup', ['sk_lookup'], 'Which socket an incoming connection goes to.'),
  skReuseport: row('sk_reuseport', ['sk_reuseport', 'sk_reuseport/migrate'], 'Which socket of a reuseport group.'),
  flowDissector: row('flow_dissector', ['flow_dissector'], 'Takes packets apart for the kernel.'),
  lwtIn: row('lwt_in', ['lwt_in'], 'Light-weight tunnels: input.'),
  lwtOut: row('lwt_out', ['lwt_out'], 'Light-weight tunnels: output.'),
  lwtXmit: row('lwt_xmit', ['lwt_xmit'], 'Light-weight tunnels: transmission.'),
  lwtSeg6local: row('lwt_seg6local', ['lwt_seg6local'], 'Segment routing.'),
  netfilter: row('netfilter', ['netfilter'], 'A netfilter hook.'),
  perfEvent: row('perf_event', ['perf_event'], 'A perf event fired: profilers.'),
} as const satisfies Record<string, ContextProgramRow>

export type ContextProgramName = keyof typeof CONTEXT_PROGRAMS
