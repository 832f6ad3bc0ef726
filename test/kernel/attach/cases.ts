/**
 * One case for every way of attaching: a program that counts how often it runs, where it is attached, and what makes it
 * run. `run-cases.ts` goes through them in namespaces of its own, on this kernel and on those of the small VM.
 */
import { execFileSync } from 'node:child_process'
import type { LinkKind, ProgramSpec } from '@unplugin-bpf/core/object'
import type { AttachOptions, IteratorLink, Link } from '@unplugin-bpf/core/runtime'
import type { KernelObject } from '@unplugin-bpf/loader'
import type { Surroundings } from './surroundings.ts'

type Target = Partial<Pick<ProgramSpec, 'attachType' | 'attachTarget'>> & Pick<ProgramSpec, 'type' | 'section'>

export interface AttachCase {
  readonly name: string
  readonly kind: LinkKind
  readonly program: Target
  /** What the program returns. */
  readonly verdict: number
  /** `Link.kind` */
  readonly link: string
  readonly options?: (around: Surroundings, object: KernelObject) => AttachOptions
  /** Makes the program run three times or more. */
  readonly happen: (around: Surroundings, link: Link, object: KernelObject) => unknown
  /** Others may make it run, too: detaching is only told by far fewer runs. */
  readonly shared?: true
  /** First kernel, when the kind as such is older. */
  readonly since?: string
  /** The kernel must have been built with kprobes, or allow trampolines. */
  readonly needs?: 'kprobes' | 'trampolines'
}

const xdp: Target = { type: 'xdp', section: 'xdp', attachType: 'XDP' }
const tc: Target = { type: 'sched_cls', section: 'tc' }
const egress: Target = { type: 'cgroup_skb', section: 'cgroup_skb/egress', attachType: 'CGROUP_INET_EGRESS' }
const probe = (section: string, target?: string): Target => ({
  type: 'kprobe',
  section: target === undefined ? section : `${section}/${target}`,
  ...(target !== undefined && { attachTarget: target }),
  ...(/^k(ret)?probe.multi/.test(section) && { attachType: 'TRACE_KPROBE_MULTI' }),
  ...(/^u(ret)?probe.multi/.test(section) && { attachType: 'TRACE_UPROBE_MULTI' }),
})
const tracing = (section: string, attachType: string, attachTarget: string): Target => ({
  type: section.startsWith('lsm') ? 'lsm' : 'tracing',
  section: `${section}/${attachTarget}`,
  attachType,
  attachTarget,
})

const UNLINK = 'do_unlinkat'
const NODE = `${process.execPath}:uv_os_getppid`
const incoming = ({ toVeth0 }: Surroundings) => toVeth0()
const cgroup = ({ cgroup }: Surroundings) => ({ cgroup })
const unlink = ({ unlinkFiles }: Surroundings) => unlinkFiles()
const exec = ({ spawn }: Surroundings) => spawn()
const parent = ({ askParent }: Surroundings) => askParent()
const PASS = { xdp: 2, tc: 0, allow: 1, none: 0 } as const

const interfaces: readonly AttachCase[] = [
  { name: 'XDP link, native', kind: 'xdp', mode: 'native' as const, via: 'link' as const, link: 'xdp' },
  { name: 'XDP link, generic', kind: 'xdp', mode: 'generic' as const, via: 'link' as const, link: 'xdp' },
  { name: 'XDP netlink, native', kind: 'xdp', mode: 'native' as const, via: 'netlink' as const, link: 'xdp-netlink' },
  { name: 'XDP netlink, generic', kind: 'xdp', mode: 'generic' as const, via: 'netlink' as const, link: 'xdp-netlink' },
].map(({ name, mode, via, link }) => ({
  name,
  kind: 'xdp',
  program: xdp,
  verdict: PASS.xdp,
  link,
  options: () => ({ ifname: 'veth0', mode, via }),
  happen: incoming,
}))

const traffic: readonly AttachCase[] = [
  {
    name: 'TCX ingress',
    kind: 'tc',
    program: tc,
    verdict: PASS.tc,
    link: 'tcx',
    options: () => ({ ifname: 'veth0', via: 'link' }),
    happen: incoming,
  },
  {
    name: 'TCX egress',
    kind: 'tc',
    program: tc,
    verdict: PASS.tc,
    link: 'tcx',
    options: () => ({ ifname: 'veth1', via: 'link', direction: 'egress', order: 'first' }),
    happen: incoming,
  },
  {
    name: 'clsact filter, ingress',
    kind: 'tc',
    program: tc,
    verdict: PASS.tc,
    link: 'tc-netlink',
    options: () => ({ ifname: 'veth0', via: 'netlink', priority: 7, handle: 3 }),
    happen: incoming,
    since: '4.5',
  },
  {
    name: 'clsact filter, egress',
    kind: 'tc',
    program: tc,
    verdict: PASS.tc,
    link: 'tc-netlink',
    options: () => ({ ifname: 'veth1', via: 'netlink', direction: 'egress' }),
    happen: incoming,
    since: '4.5',
  },
  {
    name: 'netkit',
    kind: 'netkit',
    program: { type: 'sched_cls', section: 'netkit/primary', attachType: 'NETKIT_PRIMARY' },
    verdict: PASS.tc,
    link: 'netkit',
    options: ({ netkit }) => ({ ifname: netkit() }),
    happen: ({ fromNetkit }) => fromNetkit(),
  },
  {
    name: 'netfilter',
    kind: 'netfilter',
    program: { type: 'netfilter', section: 'netfilter', attachType: 'NETFILTER' },
    verdict: PASS.allow,
    link: 'netfilter',
    options: () => ({ hook: 'output', priority: 10 }),
    happen: ({ loopback }) => loopback(),
  },
  {
    name: 'sk_lookup',
    kind: 'netns',
    program: { type: 'sk_lookup', section: 'sk_lookup', attachType: 'SK_LOOKUP' },
    verdict: PASS.allow,
    link: 'netns',
    happen: ({ loopback }) => loopback(),
  },
  {
    name: 'flow dissector',
    kind: 'netns',
    program: { type: 'flow_dissector', section: 'flow_dissector', attachType: 'FLOW_DISSECTOR' },
    verdict: 0,
    link: 'netns',
    options: () => ({ netns: '/proc/self/ns/net' }),
    happen: ({ dissected }) => dissected(),
  },
]

const cgroups: readonly AttachCase[] = [
  { name: 'cgroup_skb link', program: egress, link: 'cgroup', happen: 'loopback' as const },
  {
    name: 'cgroup_skb attach',
    program: egress,
    link: 'cgroup-attach',
    allow: 'multi' as const,
    happen: 'loopback' as const,
  },
  {
    name: 'cgroup/sock_create',
    program: { type: 'cgroup_sock', section: 'cgroup/sock_create', attachType: 'CGROUP_INET_SOCK_CREATE' },
    link: 'cgroup',
    happen: 'sockets' as const,
  },
  {
    name: 'cgroup/sendmsg4',
    program: { type: 'cgroup_sock_addr', section: 'cgroup/sendmsg4', attachType: 'CGROUP_UDP4_SENDMSG' },
    link: 'cgroup',
    happen: 'loopback' as const,
  },
  {
    name: 'cgroup/connect4',
    program: { type: 'cgroup_sock_addr', section: 'cgroup/connect4', attachType: 'CGROUP_INET4_CONNECT' },
    link: 'cgroup',
    happen: 'connections' as const,
  },
  {
    name: 'sockops',
    program: { type: 'sock_ops', section: 'sockops', attachType: 'CGROUP_SOCK_OPS' },
    link: 'cgroup',
    happen: 'connections' as const,
  },
  {
    name: 'cgroup/dev',
    program: { type: 'cgroup_device', section: 'cgroup/dev', attachType: 'CGROUP_DEVICE' },
    link: 'cgroup',
    happen: 'openNull' as const,
  },
  {
    name: 'cgroup/sysctl',
    program: { type: 'cgroup_sysctl', section: 'cgroup/sysctl', attachType: 'CGROUP_SYSCTL' },
    link: 'cgroup',
    happen: 'readSysctl' as const,
  },
  {
    name: 'cgroup/getsockopt',
    program: { type: 'cgroup_sockopt', section: 'cgroup/getsockopt', attachType: 'CGROUP_GETSOCKOPT' },
    link: 'cgroup',
    happen: 'socketOptions' as const,
  },
].map(({ name, program, link, allow, happen }) => ({
  name,
  kind: 'cgroup',
  program,
  verdict: PASS.allow,
  link,
  options: (around) => ({ ...cgroup(around), ...(allow && { allow }) }),
  happen: (around) => around[happen](),
}))

const sockets: readonly AttachCase[] = [
  {
    name: 'socket filter',
    kind: 'socket',
    program: { type: 'socket_filter', section: 'socket' },
    verdict: 1,
    link: 'socket',
    options: ({ udpReceiver }) => ({ socketFd: udpReceiver }),
    happen: ({ toReceiver }) => toReceiver(),
  },
  {
    name: 'sk_reuseport',
    kind: 'reuseport',
    program: { type: 'sk_reuseport', section: 'sk_reuseport', attachType: 'SK_REUSEPORT_SELECT' },
    verdict: PASS.allow,
    link: 'reuseport',
    options: ({ udpReceiver }) => ({ socketFd: udpReceiver }),
    happen: ({ toReceiver }) => toReceiver(),
  },
  {
    name: 'sk_msg on a sockmap',
    kind: 'sockmap',
    program: { type: 'sk_msg', section: 'sk_msg', attachType: 'SK_MSG_VERDICT' },
    verdict: PASS.allow,
    link: 'sockmap-attach',
    options: (_, object) => ({ map: object.maps.get('sockets')!, via: 'netlink' }),
    happen: ({ throughSockmap }, _, object) => throughSockmap(object),
    since: '4.14',
  },
  {
    name: 'sk_skb on a sockmap, link',
    kind: 'sockmap',
    program: { type: 'sk_skb', section: 'sk_skb/stream_verdict', attachType: 'SK_SKB_STREAM_VERDICT' },
    verdict: PASS.allow,
    link: 'sockmap',
    options: (_, object) => ({ map: object.maps.get('sockets')!, via: 'link' }),
    happen: ({ throughSockmap }, _, object) => throughSockmap(object),
  },
]

const probes: readonly Omit<AttachCase, 'verdict'>[] = [
  {
    name: 'tracepoint',
    kind: 'tracepoint',
    program: { type: 'tracepoint', section: 'tp', attachTarget: 'sched/sched_process_exec' },
    link: 'tracepoint',
    happen: exec,
    shared: true,
  },
  {
    name: 'raw tracepoint',
    kind: 'raw_tracepoint',
    program: { type: 'raw_tracepoint', section: 'raw_tp', attachTarget: 'sched_process_exec' },
    link: 'raw_tracepoint',
    happen: exec,
    shared: true,
  },
  {
    name: 'tp_btf',
    kind: 'tracing',
    program: tracing('tp_btf', 'TRACE_RAW_TP', 'sched_process_exec'),
    link: 'tracing',
    happen: exec,
    shared: true,
  },
  {
    name: 'uprobe',
    kind: 'uprobe',
    program: probe('uprobe'),
    link: 'uprobe',
    options: () => ({ target: NODE, pid: process.pid, cookie: 7n }),
    happen: parent,
  },
  {
    name: 'uretprobe',
    kind: 'uprobe',
    program: probe('uretprobe', NODE),
    link: 'uretprobe',
    options: () => ({ pid: process.pid }),
    happen: parent,
  },
  {
    name: 'uprobe.multi',
    kind: 'uprobe_multi',
    program: probe('uprobe.multi'),
    link: 'uprobe_multi',
    options: () => ({ target: `${process.execPath}:uv_os_get*pid`, pid: process.pid }),
    happen: parent,
  },
  {
    name: 'uretprobe.multi',
    options: () => ({ pid: process.pid }),
    kind: 'uprobe_multi',
    program: probe('uretprobe.multi', NODE),
    link: 'uprobe_multi',
    happen: parent,
  },
  {
    name: 'USDT',
    kind: 'usdt',
    program: probe('usdt'),
    link: 'usdt',
    options: ({ staticProbes }) => ({ target: `${staticProbes()}:ubpf:fired` }),
    happen: ({ staticProbes }) => void execFileSync(staticProbes()),
  },
  {
    name: 'perf event',
    kind: 'perf_event',
    program: { type: 'perf_event', section: 'perf_event' },
    link: 'perf_event',
    options: () => ({ event: { source: 'cpu-clock', frequency: 1000 } }),
    happen: ({ compute }) => compute(),
    shared: true,
  },
  {
    name: 'perf event of one process',
    kind: 'perf_event',
    program: { type: 'perf_event', section: 'perf_event' },
    link: 'perf_event',
    options: () => ({ event: { source: 'page-faults', period: 1 }, pid: process.pid }),
    happen: ({ touchMemory }) => touchMemory(),
    shared: true,
  },
  {
    name: 'iter/task',
    kind: 'iter',
    program: tracing('iter', 'TRACE_ITER', 'task'),
    link: 'iter',
    happen: (_, link) => void (link.attached && (link as IteratorLink).bytes()),
  },
  {
    name: 'iter/bpf_map_elem',
    kind: 'iter',
    program: tracing('iter', 'TRACE_ITER', 'bpf_map_elem'),
    link: 'iter',
    options: (_, object) => ({ map: object.maps.get('counts')! }),
    happen: (_, link) => void (link.attached && (link as IteratorLink).bytes()),
  },
  {
    name: 'kprobe',
    kind: 'kprobe',
    program: probe('kprobe', UNLINK),
    link: 'kprobe',
    happen: unlink,
    shared: true,
    needs: 'kprobes',
  },
  {
    name: 'kretprobe, by candidates',
    kind: 'kprobe',
    program: probe('kretprobe'),
    link: 'kretprobe',
    options: () => ({ target: ['no_such_function', UNLINK] }),
    happen: unlink,
    shared: true,
    needs: 'kprobes',
  },
  {
    name: 'kprobe.multi',
    kind: 'kprobe_multi',
    program: probe('kprobe.multi'),
    link: 'kprobe_multi',
    options: () => ({ target: ['do_unlink*', 'do_rmdir'] }),
    happen: unlink,
    shared: true,
    needs: 'kprobes',
  },
  {
    name: 'kretprobe.multi',
    kind: 'kprobe_multi',
    program: probe('kretprobe.multi', UNLINK),
    link: 'kprobe_multi',
    happen: unlink,
    shared: true,
    needs: 'kprobes',
  },
  {
    name: 'ksyscall',
    kind: 'ksyscall',
    program: probe('ksyscall', 'unlink'),
    link: 'kprobe',
    happen: unlink,
    shared: true,
    needs: 'kprobes',
  },
  {
    name: 'fentry',
    kind: 'tracing',
    program: tracing('fentry', 'TRACE_FENTRY', UNLINK),
    link: 'tracing',
    happen: unlink,
    shared: true,
    needs: 'trampolines',
  },
  {
    name: 'fexit',
    kind: 'tracing',
    program: tracing('fexit', 'TRACE_FEXIT', UNLINK),
    link: 'tracing',
    happen: unlink,
    shared: true,
    needs: 'trampolines',
  },
  {
    name: 'fmod_ret',
    kind: 'tracing',
    program: tracing('fmod_ret', 'MODIFY_RETURN', 'security_path_unlink'),
    link: 'tracing',
    happen: unlink,
    shared: true,
    needs: 'trampolines',
  },
  {
    name: 'LSM',
    kind: 'lsm',
    program: tracing('lsm', 'LSM_MAC', 'path_unlink'),
    link: 'lsm',
    happen: unlink,
    shared: true,
    needs: 'trampolines',
  },
]

export const CASES: readonly AttachCase[] = [
  ...interfaces,
  ...traffic,
  ...cgroups,
  ...sockets,
  ...probes.map((probe) => ({ ...probe, verdict: PASS.none })),
]
