/**
 * Asks the kernel by which interface it attaches each kind of program. A link is asked for with a target that cannot
 * exist (descriptor -1, no such interface, no such function): a kernel that knows this kind of link complains about the
 * target, another one about the request. So nothing can ever be attached.
 */
import {
  ATTACH_KINDS,
  ATTACH_TYPE_IDS,
  type AttachKindRow,
  attachKindRow,
  type LinkKind,
  type ProgramTypeName,
} from '@unplugin-bpf/core/object'
import { u64Bytes } from './link/kprobe.ts'
import { loadProbe, type ProbeProgram } from './probe-load.ts'
import { ATTR } from './sys/attr.ts'
import { bpf } from './sys/bpf.ts'
import { ERRNO } from './sys/errno.ts'
import { closeFd, withTexts } from './sys/syscall.ts'

/** `unknown`: needs a target with a BTF id, or privileges. `no`: not on this kernel. `none`: the loader does not. */
export type AttachAnswer = AttachKindRow['ways'][number]['by'] | 'no' | 'unknown' | 'none'

/** @param programTypes what the kernel said about program types */
export function probeAttachKinds(
  programTypes: Readonly<Record<ProgramTypeName, 'yes' | 'no' | 'unknown'>>,
): Record<LinkKind, AttachAnswer> {
  const ask = (kind: LinkKind): AttachAnswer => {
    const { ways } = attachKindRow(kind)
    if (ways.length === 0) return 'none'
    const probe = PROBES[kind]
    const [preferred, fallback] = ways
    if (probe === undefined) return 'unknown'
    if (programTypes[probe.program.type] !== 'yes') return programTypes[probe.program.type] as 'no' | 'unknown'
    if (preferred!.by !== 'link') return preferred!.by
    const answer = probeLink(probe)
    return answer === 'yes' ? 'link' : answer === 'no' && fallback ? fallback.by : answer
  }
  return Object.fromEntries((Object.keys(ATTACH_KINDS) as LinkKind[]).map((kind) => [kind, ask(kind)])) as Record<
    LinkKind,
    AttachAnswer
  >
}

interface LinkProbe {
  readonly program: ProbeProgram
  /** Result of asking for a link on a target that does not exist. */
  readonly request: (program: number) => number
  /** What a kernel says that knows such links. */
  readonly expects: number
}

/** An int that is no descriptor, and an interface index that nobody reaches. */
const NO_FD = 0xffff_ffff
const NO_INTERFACE = 0x7fff_ffff
/** include/uapi/asm-generic/errno-base.h, errno.h */
const { ENOENT, EBADF, ENODEV, ESRCH, EAFNOSUPPORT } = { ENOENT: 2, EBADF: 9, ENODEV: 19, ESRCH: 3, EAFNOSUPPORT: 97 }

type AttachType = keyof typeof ATTACH_TYPE_IDS

/** A link whose target is a descriptor or interface index. */
function simple(type: ProgramTypeName, attachType: AttachType, target: number, expects: number): LinkProbe {
  const request = (prog_fd: number) =>
    bpf(ATTR.linkCreate, { prog_fd, target, attach_type: ATTACH_TYPE_IDS[attachType] })
  return { program: { type, attachType }, request, expects }
}

/** Links of perf events; the program type says which. The load takes no attach type, the link does. */
function perf(type: ProgramTypeName): LinkProbe {
  const request = (prog_fd: number) =>
    bpf(ATTR.linkCreate, { prog_fd, target: NO_FD, attach_type: ATTACH_TYPE_IDS.PERF_EVENT })
  return { program: { type }, request, expects: EBADF }
}

const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`)

function openRawTracepoint(prog_fd: number): number {
  return bpf(ATTR.rawTracepointOpen, { name: text('unplugin_bpf_none'), prog_fd })
}

function createKprobes(prog_fd: number): number {
  const attach_type = ATTACH_TYPE_IDS.TRACE_KPROBE_MULTI
  return withTexts(['unplugin_bpf_none'], (addresses) =>
    bpf(ATTR.linkCreateKprobes, { prog_fd, attach_type, count: 1, symbols: u64Bytes(addresses) }),
  )
}

/** A folder, which no function is in. */
function createUprobes(prog_fd: number): number {
  const attach_type = ATTACH_TYPE_IDS.TRACE_UPROBE_MULTI
  return bpf(ATTR.linkCreateUprobes, { prog_fd, attach_type, path: text('/'), offsets: new Uint8Array(8), count: 1 })
}

function createNetfilter(prog_fd: number): number {
  return bpf(ATTR.linkCreateNetfilter, { prog_fd, attach_type: ATTACH_TYPE_IDS.NETFILTER, protocol: 255 })
}

/** For kinds of which the program alone decides. */
const byProgram = (type: ProgramTypeName): LinkProbe => ({ program: { type }, request: () => 0, expects: 0 })

/** Without a row: kinds that want a BTF id of a target, and XDP, whose error for a missing interface is the general one. */
const PROBES: Partial<Record<LinkKind, LinkProbe>> = {
  tc: simple('sched_cls', 'TCX_INGRESS', NO_INTERFACE, ENODEV),
  netkit: simple('sched_cls', 'NETKIT_PRIMARY', NO_INTERFACE, ENODEV),
  cgroup: simple('cgroup_skb', 'CGROUP_INET_EGRESS', NO_FD, EBADF),
  netns: simple('flow_dissector', 'FLOW_DISSECTOR', NO_FD, EBADF),
  sockmap: simple('sk_msg', 'SK_MSG_VERDICT', NO_FD, EBADF),
  netfilter: {
    program: { type: 'netfilter', attachType: 'NETFILTER' },
    request: createNetfilter,
    expects: EAFNOSUPPORT,
  },
  kprobe: perf('kprobe'),
  ksyscall: perf('kprobe'),
  uprobe: perf('kprobe'),
  usdt: perf('kprobe'),
  tracepoint: perf('tracepoint'),
  perf_event: perf('perf_event'),
  raw_tracepoint: { program: { type: 'raw_tracepoint' }, request: openRawTracepoint, expects: ENOENT },
  kprobe_multi: {
    program: { type: 'kprobe', attachType: 'TRACE_KPROBE_MULTI' },
    request: createKprobes,
    expects: ESRCH,
  },
  uprobe_multi: {
    program: { type: 'kprobe', attachType: 'TRACE_UPROBE_MULTI' },
    request: createUprobes,
    expects: EBADF,
  },
  socket: byProgram('socket_filter'),
  reuseport: byProgram('sk_reuseport'),
}

function probeLink({ program, request, expects }: LinkProbe): 'yes' | 'no' | 'unknown' {
  const loaded = loadProbe(program).result
  // The type is there, so it is the attach type that this kernel does not know; it may still be attached another way.
  if (loaded < 0) return 'no'
  const result = request(loaded)
  closeFd(loaded)
  if (result >= 0) closeFd(result)
  if (result === -expects) return 'yes'
  return result === -ERRNO.EPERM || result === -ERRNO.EACCES ? 'unknown' : 'no'
}
