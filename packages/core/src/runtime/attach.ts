/**
 * Attaching: what can be said about where (`AttachOptions`; tables/attach-kinds says which options go with which kind of
 * program), and what comes back (`Link`).
 */

/** A loaded program, by its handle. */
export interface ProgramReference {
  readonly name?: string
  readonly fd?: number | undefined
}

/** A loaded map, by its handle. */
export interface MapReference {
  readonly fd?: number | undefined
}

/** Where among the programs of one attach point: the first runs first. */
export type AttachOrder =
  | 'first'
  | 'last'
  | { readonly before: Link | ProgramReference }
  | { readonly after: Link | ProgramReference }

/** What a perf event counts. */
export type PerfEventSource =
  | 'cpu-clock'
  | 'task-clock'
  | 'page-faults'
  | 'context-switches'
  | 'cpu-migrations'
  | 'minor-faults'
  | 'major-faults'
  | 'cpu-cycles'
  | 'instructions'
  | 'cache-references'
  | 'cache-misses'
  | 'branch-instructions'
  | 'branch-misses'

export type PerfEventRate = { readonly frequency: number } | { readonly period: number }

export interface AttachOptions {
  /** Network interface by name or index: XDP, TC, netkit. */
  readonly ifname?: string | undefined
  readonly ifindex?: number | undefined
  /** XDP: native, generic (skb), offload, or what the kernel picks. */
  readonly mode?: 'auto' | 'native' | 'generic' | 'offload' | undefined
  /** TC; cgroup_skb when the section does not say it. */
  readonly direction?: 'ingress' | 'egress' | undefined
  /** Cgroup directory. For iterators: the group whose descendants are walked. */
  readonly cgroup?: string | undefined
  /** `link` or `netlink` (whatever came before links): forces one way of attaching; default: a link when there is one. */
  readonly via?: 'auto' | 'link' | 'netlink' | undefined
  /** TCX and netkit links, cgroup links of Linux 6.17. */
  readonly order?: AttachOrder | undefined
  /** TC filters by netlink: handle, and priority (the lower runs first). Netfilter: the priority of the hook. */
  readonly handle?: number | undefined
  readonly priority?: number | undefined
  /** Cgroups without a link: whether groups below may have programs of their own, besides or instead. */
  readonly allow?: 'multi' | 'override' | 'none' | undefined
  /** Cgroups: takes the place of this program. */
  readonly replace?: ProgramReference | undefined
  /**
   * What to trace, in place of the section name's target (`sched/sched_switch`, a kernel function, `/bin/x:function`).
   * Several: candidates, of which the first that exists is taken; all of them for the multi kinds.
   */
  readonly target?: string | readonly string[] | undefined
  /** Uprobes, perf events: only this process. */
  readonly pid?: number | undefined
  /** What bpf_get_attach_cookie() gives to the program. */
  readonly cookie?: bigint | number | undefined
  /** Perf events: what is counted, and how often the program runs. */
  readonly event?: ({ readonly source?: PerfEventSource } & PerfEventRate) | undefined
  /** Perf events: only this CPU. */
  readonly cpu?: number | undefined
  /** Sockmap programs: the map. Iterators over the elements of a map: that map. */
  readonly map?: MapReference | undefined
  /** Iterators over tasks: one thread or one process. */
  readonly task?: { readonly tid: number } | { readonly pid: number } | undefined
  /** Network namespace, as a path (`/run/netns/x`); default: the process's own. */
  readonly netns?: string | undefined
  /** Socket filters, reuseport programs: descriptor of the socket. */
  readonly socketFd?: number | undefined
  /** Netfilter. */
  readonly protocol?: 'ipv4' | 'ipv6' | undefined
  readonly hook?: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | undefined
  /** Netfilter: packets arrive whole (6.6). */
  readonly defragment?: boolean | undefined
  /** Path in a BPF file system. The attachment then outlives `close` and the process, until `detach`. */
  readonly pin?: string | undefined
  /**
   * When `pin` exists, left by an earlier run. `adopt`: that link takes this program, with no moment without one (kinds
   * that cannot change their program are attached anew first). `replace`: it is detached first. Default `fail`.
   */
  readonly onExisting?: 'adopt' | 'replace' | 'fail' | undefined
}

/** What the kernel says about a link (struct bpf_link_info); which members exist depends on `type`. */
export interface LinkInfo {
  readonly id: number
  /** Kernel's name of the link type (`xdp`, `perf_event`). */
  readonly type: string
  readonly programId: number
  readonly attachType?: string
  /** XDP, TCX, netkit; 0 after the interface has gone. */
  readonly ifindex?: number
  readonly cgroupId?: bigint
  /** Inode number of the network namespace; 0 after it has gone. */
  readonly netnsInode?: number
  /** Raw tracepoints. */
  readonly name?: string
  /** Netfilter. */
  readonly hook?: number
  readonly priority?: number
}

/** An attachment. `close`, disposing and closing the object end it, unless it is pinned; `detach` always does. */
export interface Link extends Disposable, AsyncDisposable {
  /** `xdp`, `tcx`, `xdp-netlink`, `kprobe`, ... */
  readonly kind: string
  /** Descriptor of the BPF link; undefined when the kernel has none here. */
  readonly fd: number | undefined
  readonly attached: boolean
  /** Where the link is pinned. */
  readonly pinned: string | undefined
  /** Another program of the same type takes over at once. */
  update(program: ProgramReference): void
  pin(path: string): void
  /** Removes the pin; the link lives on as long as the process. */
  unpin(): void
  /** Undefined for attachments that are no BPF links. */
  info(): LinkInfo | undefined
  detach(): void
  close(): void
}

/** The link of an iterator: every walk runs the program over all objects again. Yields text as it comes. */
export interface IteratorLink extends Link, AsyncIterable<string> {
  /** The whole output of one walk. */
  text(): string
  bytes(): Uint8Array
}
