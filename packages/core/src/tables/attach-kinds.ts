/**
 * Ways to attach a program, one row per link kind: by which of the kernel's interfaces, since when, what it takes, and
 * which options of `attach` mean something there. Versions: the commits that added the attach points (git describe of
 * kernel/bpf, net/core, kernel/trace), checked by the attach tests on 6.1, 6.12 and 6.18.
 */
import type { LINK_TYPE_IDS } from './generated/enums.ts'
import type { LinkKind } from './program-types.ts'

/** `link`: BPF_LINK_CREATE or RAW_TRACEPOINT_OPEN, whose descriptor holds the attachment. */
export type AttachInterface = 'link' | 'netlink' | 'perf event' | 'prog attach' | 'setsockopt' | 'map update'

export interface AttachWay {
  readonly by: AttachInterface
  /** First kernel. */
  readonly since: string
}

/** Names of `AttachOptions` that only some kinds take; `pin`, `onExisting` go with every link. */
export type AttachOptionName =
  | 'ifname'
  | 'ifindex'
  | 'mode'
  | 'via'
  | 'direction'
  | 'order'
  | 'handle'
  | 'priority'
  | 'cgroup'
  | 'allow'
  | 'replace'
  | 'target'
  | 'pid'
  | 'cookie'
  | 'event'
  | 'cpu'
  | 'map'
  | 'task'
  | 'netns'
  | 'socketFd'
  | 'protocol'
  | 'hook'
  | 'defragment'

export interface AttachKindRow {
  /** In the order in which they are tried; none: programs of this kind are not attached by the loader. */
  readonly ways: readonly AttachWay[]
  /** What the kernel calls the links (BPF_LINK_TYPE_*). */
  readonly linkTypes: readonly (keyof typeof LINK_TYPE_IDS)[]
  /** A link takes another program (BPF_LINK_UPDATE) since this kernel. */
  readonly updateSince?: string
  /** Capabilities besides CAP_BPF. */
  readonly needs: readonly ('NET_ADMIN' | 'PERFMON')[]
  readonly options: readonly AttachOptionName[]
  /** What it is attached to, for the reference. */
  readonly to: string
  /** Attached by `attachAll`: the section says everything that is needed. */
  readonly automatic?: true
}

const link = (since: string): AttachWay => ({ by: 'link', since })
const perfEvent: readonly AttachWay[] = [link('5.15'), { by: 'perf event', since: '4.17' }]
const INTERFACE = ['ifname', 'ifindex'] as const

export const ATTACH_KINDS = {
  xdp: {
    ways: [link('5.9'), { by: 'netlink', since: '4.12' }],
    linkTypes: ['xdp'],
    updateSince: '5.9',
    needs: ['NET_ADMIN'],
    options: [...INTERFACE, 'mode', 'via'],
    to: 'a network interface',
  },
  tc: {
    ways: [link('6.6'), { by: 'netlink', since: '4.5' }],
    linkTypes: ['tcx'],
    updateSince: '6.6',
    needs: ['NET_ADMIN'],
    options: [...INTERFACE, 'direction', 'via', 'order', 'handle', 'priority'],
    to: 'one direction of a network interface (TCX, or a filter of a clsact qdisc)',
  },
  netkit: {
    ways: [link('6.7')],
    linkTypes: ['netkit'],
    updateSince: '6.7',
    needs: ['NET_ADMIN'],
    options: [...INTERFACE, 'order'],
    to: 'a netkit device',
  },
  cgroup: {
    ways: [link('5.7'), { by: 'prog attach', since: '4.10' }],
    linkTypes: ['cgroup'],
    updateSince: '5.7',
    needs: ['NET_ADMIN'],
    options: ['cgroup', 'direction', 'via', 'allow', 'replace', 'order'],
    to: 'a cgroup (version 2) and the groups below it',
  },
  kprobe: {
    ways: perfEvent,
    linkTypes: ['perf_event'],
    needs: ['PERFMON'],
    options: ['target', 'cookie'],
    to: 'a function of the kernel, or an instruction in it',
    automatic: true,
  },
  kprobe_multi: {
    ways: [link('5.18')],
    linkTypes: ['kprobe_multi'],
    needs: ['PERFMON'],
    options: ['target', 'cookie'],
    to: 'many functions of the kernel: a pattern or a list',
    automatic: true,
  },
  ksyscall: {
    ways: perfEvent,
    linkTypes: ['perf_event'],
    needs: ['PERFMON'],
    options: ['target', 'cookie'],
    to: 'a system call, by its name',
    automatic: true,
  },
  uprobe: {
    ways: perfEvent,
    linkTypes: ['perf_event'],
    needs: ['PERFMON'],
    options: ['target', 'pid', 'cookie'],
    to: 'a function or offset of an executable file',
    automatic: true,
  },
  uprobe_multi: {
    ways: [link('6.6')],
    linkTypes: ['uprobe_multi'],
    needs: ['PERFMON'],
    options: ['target', 'pid', 'cookie'],
    to: 'many functions of an executable file: a pattern or a list',
    automatic: true,
  },
  usdt: {
    ways: perfEvent,
    linkTypes: ['perf_event'],
    needs: ['PERFMON'],
    options: ['target', 'pid', 'cookie'],
    to: 'the static probes of an executable file',
    automatic: true,
  },
  tracepoint: {
    ways: [link('5.15'), { by: 'perf event', since: '4.7' }],
    linkTypes: ['perf_event'],
    needs: ['PERFMON'],
    options: ['target', 'cookie'],
    to: 'a tracepoint',
    automatic: true,
  },
  raw_tracepoint: {
    ways: [link('4.17')],
    linkTypes: ['raw_tracepoint'],
    needs: ['PERFMON'],
    options: ['target'],
    to: "a tracepoint, with the kernel's own arguments",
    automatic: true,
  },
  perf_event: {
    ways: [link('5.15'), { by: 'perf event', since: '4.9' }],
    linkTypes: ['perf_event'],
    needs: ['PERFMON'],
    options: ['event', 'pid', 'cpu', 'cookie'],
    to: 'a counter or timer of the CPUs, on every CPU or one, for every process or one',
  },
  tracing: {
    ways: [link('5.5')],
    linkTypes: ['tracing', 'raw_tracepoint'],
    needs: ['PERFMON'],
    options: [],
    to: 'entry, return or result of a kernel function, or a tracepoint with types (tp_btf)',
    automatic: true,
  },
  lsm: {
    ways: [link('5.7')],
    linkTypes: ['tracing'],
    needs: ['PERFMON'],
    options: [],
    to: 'a hook of the security modules; the kernel runs with `lsm=...,bpf`',
    automatic: true,
  },
  iter: {
    ways: [link('5.8')],
    linkTypes: ['iter'],
    updateSince: '5.8',
    needs: ['PERFMON'],
    options: ['map', 'task', 'cgroup'],
    to: 'a walk over objects of the kernel, whose output is read',
    automatic: true,
  },
  socket: {
    ways: [{ by: 'setsockopt', since: '3.19' }],
    linkTypes: [],
    needs: [],
    options: ['socketFd'],
    to: 'a socket',
  },
  sockmap: {
    ways: [link('6.10'), { by: 'prog attach', since: '4.14' }],
    linkTypes: ['sockmap'],
    updateSince: '6.10',
    needs: ['NET_ADMIN'],
    options: ['map', 'via'],
    to: 'a sockmap or sockhash',
  },
  reuseport: {
    ways: [{ by: 'setsockopt', since: '4.19' }],
    linkTypes: [],
    needs: ['NET_ADMIN'],
    options: ['socketFd'],
    to: 'the SO_REUSEPORT group of a socket',
  },
  netns: {
    ways: [link('5.8')],
    linkTypes: ['netns'],
    updateSince: '5.8',
    needs: ['NET_ADMIN'],
    options: ['netns'],
    to: "a network namespace, the process's own by default",
  },
  netfilter: {
    ways: [link('6.4')],
    linkTypes: ['netfilter'],
    needs: ['NET_ADMIN'],
    options: ['protocol', 'hook', 'priority', 'defragment'],
    to: 'a netfilter hook of the network namespace',
  },
  lwt: { ways: [], linkTypes: [], needs: ['NET_ADMIN'], options: [], to: 'a route: `ip route ... encap bpf`' },
  struct_ops: {
    ways: [],
    linkTypes: [],
    needs: ['NET_ADMIN'],
    options: [],
    to: 'a structure of callbacks of the kernel',
  },
  freplace: {
    ways: [],
    linkTypes: ['tracing'],
    needs: ['PERFMON'],
    options: [],
    to: 'a function of another program, which must be known when it is loaded',
  },
  lirc: { ways: [], linkTypes: [], needs: [], options: [], to: 'an infrared receiver' },
  none: {
    ways: [],
    linkTypes: [],
    needs: [],
    options: [],
    to: 'nothing: called by maps or other programs, or run directly',
  },
} as const satisfies Record<LinkKind, AttachKindRow>

/** The row in its general type: optional columns can be asked for. */
export function attachKindRow(kind: LinkKind): AttachKindRow {
  return ATTACH_KINDS[kind]
}
