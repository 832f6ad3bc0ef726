/**
 * Handles of programs: how each kind is run and attached. The generated types name these interfaces, so that an option
 * which means nothing for a program is an error when it is written.
 */
import type { AttachOptions, IteratorLink, Link, MapReference } from './attach.ts'

export interface RunOptions {
  /** Context bytes in the kernel's layout. */
  readonly ctx?: Uint8Array | undefined
  readonly repeat?: number | undefined
}

export interface ProgramRun {
  /** r0, unsigned 32 bits. */
  readonly retval: number
  /** The packet afterwards; empty for programs without one. */
  readonly data: Uint8Array
  /** The context afterwards, where the kernel gives it back. */
  readonly ctx: Uint8Array | undefined
  /** Mean nanoseconds of one run. */
  readonly durationNs: number
}

export interface ProgramHandle {
  /** ELF name. */
  readonly name: string
  readonly section: string
  /** Kernel's name of the program type (`sched_cls`). */
  readonly type: string
  /** File descriptor; undefined in the VM. */
  readonly fd: number | undefined
}

/** Programs that see a packet. `options` may be just the context bytes. */
export interface PacketProgram extends ProgramHandle {
  run(packet: Uint8Array, options?: RunOptions | Uint8Array): ProgramRun
}

/** Programs that see a context only. */
export interface ContextProgram extends ProgramHandle {
  run(ctx?: Uint8Array, options?: RunOptions): ProgramRun
}

/** Some of the attach options, and those that go with every link. */
type Options<K extends keyof AttachOptions = never> = Pick<AttachOptions, K | 'pin' | 'onExisting'>

/** One of `ifname` and `ifindex`, in the current network namespace. */
export type InterfaceTarget =
  | { readonly ifname: string; readonly ifindex?: undefined }
  | { readonly ifindex: number; readonly ifname?: undefined }

/** Default: what the kernel picks; a link, then netlink. */
export type XdpAttachOptions = InterfaceTarget & Options<'mode' | 'via'>
export type TcAttachOptions = InterfaceTarget &
  Options<'via' | 'order' | 'handle' | 'priority'> & { readonly direction: 'ingress' | 'egress' }
export type NetkitAttachOptions = InterfaceTarget & Options<'order'>
/** `cgroup` is a directory in a cgroup2 mount. */
export type CgroupAttachOptions = Options<'via' | 'allow' | 'replace' | 'order'> & { readonly cgroup: string }
export type CgroupSkbAttachOptions = CgroupAttachOptions & Pick<AttachOptions, 'direction'>
/** Optional; the section name's target otherwise (`tracepoint/sched/sched_switch`). */
export type TargetAttachOptions = Options<'target' | 'cookie'>
/** With `pid`, only that process. */
export type UprobeAttachOptions = TargetAttachOptions & Pick<AttachOptions, 'pid'>
export type PerfEventAttachOptions = Options<'pid' | 'cpu' | 'cookie'> & {
  readonly event: NonNullable<AttachOptions['event']>
}
/** `socketFd` is a descriptor of the socket. */
export type SocketAttachOptions = Options & { readonly socketFd: number }
export type SockmapAttachOptions = Options<'via'> & { readonly map: MapReference }
export type NetfilterAttachOptions = Options<'protocol' | 'priority' | 'defragment'> & {
  readonly hook: NonNullable<AttachOptions['hook']>
}

export interface XdpProgram extends PacketProgram {
  readonly type: 'xdp'
  attach(options: XdpAttachOptions): Link
}
export interface TcProgram extends PacketProgram {
  readonly type: 'sched_cls' | 'sched_act'
  attach(options: TcAttachOptions): Link
}
export interface NetkitProgram extends PacketProgram {
  readonly type: 'sched_cls'
  attach(options: NetkitAttachOptions): Link
}
export interface CgroupSkbProgram extends PacketProgram {
  readonly type: 'cgroup_skb'
  attach(options: CgroupSkbAttachOptions): Link
}
/** cgroup_sock, cgroup_sock_addr, sock_ops, cgroup_device, cgroup_sysctl, cgroup_sockopt. */
export interface CgroupProgram extends ContextProgram {
  attach(options: CgroupAttachOptions): Link
}
export interface SocketFilterProgram extends PacketProgram {
  readonly type: 'socket_filter'
  attach(options: SocketAttachOptions): Link
}
/** Chooses a socket of a SO_REUSEPORT group. */
export interface ReuseportProgram extends ContextProgram {
  attach(options: SocketAttachOptions): Link
}
/** sk_skb and sk_msg. */
export interface SockmapProgram extends ContextProgram {
  attach(options: SockmapAttachOptions): Link
}
/** sk_lookup. */
export interface NetnsProgram extends ContextProgram {
  attach(options?: Options<'netns'>): Link
}
export interface FlowDissectorProgram extends PacketProgram {
  attach(options?: Options<'netns'>): Link
}
export interface NetfilterProgram extends PacketProgram {
  attach(options: NetfilterAttachOptions): Link
}
export interface TracepointProgram extends ContextProgram {
  attach(options?: TargetAttachOptions): Link
}
export interface RawTracepointProgram extends ContextProgram {
  attach(options?: Options<'target'>): Link
}
/** kprobes, many kernel functions at once, system calls. */
export interface KprobeProgram extends ContextProgram {
  attach(options?: TargetAttachOptions): Link
}
/** uprobes, many functions of a file at once, USDT. */
export interface UprobeProgram extends ContextProgram {
  attach(options?: UprobeAttachOptions): Link
}
export interface PerfEventProgram extends ContextProgram {
  attach(options: PerfEventAttachOptions): Link
}
/** fentry, fexit, fmod_ret, tp_btf, LSM, freplace: where they go was said when they were loaded. */
export interface TracingProgram extends ContextProgram {
  attach(options?: Options): Link
}
export interface IteratorProgram extends ContextProgram {
  attach(options?: Options<'map' | 'task' | 'cgroup'>): IteratorLink
}
/** Program types without an interface of their own. */
export interface OtherProgram extends ProgramHandle {
  run(data?: Uint8Array, options?: RunOptions | Uint8Array): ProgramRun
  // biome-ignore lint/suspicious/noExplicitAny: what the backend takes
  attach(options?: any): Link
}
