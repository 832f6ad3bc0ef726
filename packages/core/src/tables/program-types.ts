/**
 * Program types: one row decides sections, context, verdicts, helpers, VM set-up and link kind. Sections after
 * `section_defs` of libbpf 1.6 (tools/lib/bpf/libbpf.c); the first one is the default. Return ranges after
 * `check_return_code`, packet access after `may_access_direct_pkt_data` (kernel/bpf/verifier.c, 6.18).
 */
import { constantValues } from './constants.ts'
import type { ContextName } from './contexts.ts'
import type { ATTACH_TYPE_IDS } from './generated/enums.ts'
import { PROG_TYPE_IDS } from './generated/enums.ts'

export type AttachTypeName = keyof typeof ATTACH_TYPE_IDS

/** How a section name is matched: `exact`, or a prefix followed by `/target`. */
export interface SectionRow {
  readonly name: string
  /** `none`: the bare name only; `optional`: name or name/target; `required`: name/target only. */
  readonly target: 'none' | 'optional' | 'required'
  /** Expected attach type, by kernel name without `BPF_` (generated/enums); absent: none. */
  readonly attachType?: AttachTypeName
  /** Link kind when it differs from the row's. */
  readonly link?: LinkKind
  /** Allowed return values when they differ from the row's. */
  readonly returns?: readonly [number, number]
  /** Probe on the return of the function. */
  readonly onReturn?: true
  /** Loaded with BPF_F_SLEEPABLE. */
  readonly sleepable?: true
  /** Loaded with BPF_F_XDP_HAS_FRAGS. */
  readonly frags?: true
  /** Attach target is a function or hook that is named by its BTF id. */
  readonly btfTarget?: true
}

export type LinkKind =
  | 'xdp'
  | 'tc'
  | 'netkit'
  | 'cgroup'
  | 'kprobe'
  | 'kprobe_multi'
  | 'ksyscall'
  | 'uprobe'
  | 'uprobe_multi'
  | 'usdt'
  | 'tracepoint'
  | 'raw_tracepoint'
  | 'perf_event'
  | 'tracing'
  | 'lsm'
  | 'iter'
  | 'socket'
  | 'sockmap'
  | 'reuseport'
  | 'netns'
  | 'netfilter'
  | 'lwt'
  | 'struct_ops'
  | 'freplace'
  | 'lirc'
  | 'none'

export interface ProgramTypeRow {
  /** `BPF_PROG_TYPE_*` number. */
  readonly id: number
  readonly sections: readonly SectionRow[]
  readonly context: ContextName | undefined
  /** Names that `(:type :xdp)` and `xdp()` go by, besides the key (kernel spelling). */
  readonly aliases: readonly string[]
  /** Verdict for "let it through", the early return of the packet macros. */
  readonly passVerdict: number
  /** Verdict names and values, in the order of the kernel's enum. */
  readonly verdicts: Readonly<Record<string, number>>
  /** Allowed return values [low, high], when the verifier enforces a range. */
  readonly returns?: readonly [number, number]
  /** Packet bytes may be read through ctx->data. */
  readonly directPacketAccess: 'none' | 'read' | 'readWrite'
  readonly link: LinkKind
  /** PROG_TEST_RUN works (6.18). */
  readonly testRun: boolean
  /** Kernel that has it first. */
  readonly since: string
}

type More = Partial<Omit<ProgramTypeRow, 'since'>> & Pick<ProgramTypeRow, 'sections' | 'link'>

const NO_VERDICTS: Readonly<Record<string, number>> = {}

/** A row with the usual values; `more` states the exceptions. */
function row<const R extends More>(id: number, since: string, more: R) {
  return {
    id,
    since,
    context: undefined,
    aliases: [],
    passVerdict: 0,
    verdicts: NO_VERDICTS,
    directPacketAccess: 'none' as const,
    testRun: false,
    ...more,
  }
}

const exact = <const M extends Partial<SectionRow>>(name: string, more?: M): SectionRow => ({
  name,
  target: 'none',
  ...more,
})
const prefix = (name: string, more: Partial<SectionRow> = {}): SectionRow => ({ name, target: 'optional', ...more })
const at = (name: string, attachType: AttachTypeName, more: Partial<SectionRow> = {}): SectionRow => ({
  name,
  target: 'none',
  attachType,
  ...more,
})
const btf = (name: string, attachType: AttachTypeName, more: Partial<SectionRow> = {}): SectionRow => ({
  name,
  target: 'optional',
  attachType,
  btfTarget: true,
  ...more,
})

const ids = PROG_TYPE_IDS
const SK_VERDICTS = constantValues('SK_DROP', 'SK_PASS')
const LWT_VERDICTS = constantValues('BPF_OK', 'BPF_DROP', 'BPF_REDIRECT', 'BPF_LWT_REROUTE')
const TC_VERDICTS = constantValues(
  'TC_ACT_UNSPEC',
  'TC_ACT_OK',
  'TC_ACT_RECLASSIFY',
  'TC_ACT_SHOT',
  'TC_ACT_PIPE',
  'TC_ACT_STOLEN',
  'TC_ACT_QUEUED',
  'TC_ACT_REPEAT',
  'TC_ACT_REDIRECT',
  'TC_ACT_TRAP',
)
const ALLOW: readonly [number, number] = [0, 1]

export const PROGRAM_TYPES = {
  socket_filter: row(ids.socket_filter, '3.19', {
    sections: [exact('socket')],
    context: '__sk_buff',
    aliases: ['socket'],
    // The result is the number of bytes to keep; more than any packet has keeps it whole.
    passVerdict: 0x7fff_ffff,
    link: 'socket',
    testRun: true,
  }),
  kprobe: row(ids.kprobe, '4.1', {
    sections: [
      prefix('kprobe'),
      prefix('kretprobe', { onReturn: true }),
      prefix('uprobe', { link: 'uprobe' }),
      prefix('uretprobe', { link: 'uprobe', onReturn: true }),
      prefix('uprobe.s', { link: 'uprobe', sleepable: true }),
      prefix('uretprobe.s', { link: 'uprobe', onReturn: true, sleepable: true }),
      prefix('kprobe.multi', { link: 'kprobe_multi', attachType: 'TRACE_KPROBE_MULTI' }),
      prefix('kretprobe.multi', { link: 'kprobe_multi', attachType: 'TRACE_KPROBE_MULTI', onReturn: true }),
      prefix('kprobe.session', { link: 'kprobe_multi', attachType: 'TRACE_KPROBE_SESSION', returns: ALLOW }),
      prefix('uprobe.multi', { link: 'uprobe_multi', attachType: 'TRACE_UPROBE_MULTI' }),
      prefix('uretprobe.multi', { link: 'uprobe_multi', attachType: 'TRACE_UPROBE_MULTI', onReturn: true }),
      prefix('uprobe.session', { link: 'uprobe_multi', attachType: 'TRACE_UPROBE_SESSION', returns: ALLOW }),
      prefix('uprobe.multi.s', { link: 'uprobe_multi', attachType: 'TRACE_UPROBE_MULTI', sleepable: true }),
      prefix('uretprobe.multi.s', {
        link: 'uprobe_multi',
        attachType: 'TRACE_UPROBE_MULTI',
        onReturn: true,
        sleepable: true,
      }),
      prefix('uprobe.session.s', {
        link: 'uprobe_multi',
        attachType: 'TRACE_UPROBE_SESSION',
        returns: ALLOW,
        sleepable: true,
      }),
      prefix('ksyscall', { link: 'ksyscall' }),
      prefix('kretsyscall', { link: 'ksyscall', onReturn: true }),
      prefix('usdt', { link: 'usdt' }),
      prefix('usdt.s', { link: 'usdt', sleepable: true }),
    ],
    context: 'pt_regs',
    aliases: [],
    link: 'kprobe',
  }),
  sched_cls: row(ids.sched_cls, '4.1', {
    sections: [
      exact('tc'),
      exact('classifier'),
      at('tcx/ingress', 'TCX_INGRESS'),
      at('tcx/egress', 'TCX_EGRESS'),
      at('tc/ingress', 'TCX_INGRESS'),
      at('tc/egress', 'TCX_EGRESS'),
      at('netkit/primary', 'NETKIT_PRIMARY', { link: 'netkit' }),
      at('netkit/peer', 'NETKIT_PEER', { link: 'netkit' }),
    ],
    context: '__sk_buff',
    aliases: ['tc', 'tcx'],
    verdicts: TC_VERDICTS,
    directPacketAccess: 'readWrite',
    link: 'tc',
    testRun: true,
  }),
  sched_act: row(ids.sched_act, '4.1', {
    sections: [exact('action')],
    context: '__sk_buff',
    verdicts: TC_VERDICTS,
    directPacketAccess: 'readWrite',
    link: 'none',
    testRun: true,
  }),
  tracepoint: row(ids.tracepoint, '4.7', {
    sections: [prefix('tracepoint'), prefix('tp')],
    context: 'tracepoint',
    aliases: ['tp'],
    link: 'tracepoint',
  }),
  xdp: row(ids.xdp, '4.8', {
    sections: [
      at('xdp', 'XDP'),
      at('xdp.frags', 'XDP', { frags: true }),
      at('xdp/devmap', 'XDP_DEVMAP', { link: 'none' }),
      at('xdp.frags/devmap', 'XDP_DEVMAP', { link: 'none', frags: true }),
      at('xdp/cpumap', 'XDP_CPUMAP', { link: 'none' }),
      at('xdp.frags/cpumap', 'XDP_CPUMAP', { link: 'none', frags: true }),
    ],
    context: 'xdp_md',
    passVerdict: 2,
    verdicts: constantValues('XDP_ABORTED', 'XDP_DROP', 'XDP_PASS', 'XDP_TX', 'XDP_REDIRECT'),
    directPacketAccess: 'readWrite',
    link: 'xdp',
    testRun: true,
  }),
  perf_event: row(ids.perf_event, '4.9', {
    sections: [exact('perf_event')],
    context: 'bpf_perf_event_data',
    link: 'perf_event',
  }),
  cgroup_skb: row(ids.cgroup_skb, '4.10', {
    sections: [
      exact('cgroup/skb'),
      at('cgroup_skb/ingress', 'CGROUP_INET_INGRESS'),
      // 2 and 3: drop or pass, and tell TCP of congestion
      at('cgroup_skb/egress', 'CGROUP_INET_EGRESS', { returns: [0, 3] }),
    ],
    context: '__sk_buff',
    passVerdict: 1,
    verdicts: SK_VERDICTS,
    returns: ALLOW,
    directPacketAccess: 'read',
    link: 'cgroup',
    testRun: true,
  }),
  cgroup_sock: row(ids.cgroup_sock, '4.10', {
    sections: [
      at('cgroup/sock', 'CGROUP_INET_SOCK_CREATE'),
      at('cgroup/sock_create', 'CGROUP_INET_SOCK_CREATE'),
      at('cgroup/sock_release', 'CGROUP_INET_SOCK_RELEASE'),
      at('cgroup/post_bind4', 'CGROUP_INET4_POST_BIND'),
      at('cgroup/post_bind6', 'CGROUP_INET6_POST_BIND'),
    ],
    context: 'bpf_sock',
    passVerdict: 1,
    verdicts: SK_VERDICTS,
    returns: ALLOW,
    link: 'cgroup',
  }),
  lwt_in: row(ids.lwt_in, '4.10', {
    sections: [exact('lwt_in')],
    context: '__sk_buff',
    verdicts: LWT_VERDICTS,
    directPacketAccess: 'read',
    link: 'lwt',
    testRun: true,
  }),
  lwt_out: row(ids.lwt_out, '4.10', {
    sections: [exact('lwt_out')],
    context: '__sk_buff',
    verdicts: LWT_VERDICTS,
    directPacketAccess: 'read',
    link: 'lwt',
    testRun: true,
  }),
  lwt_xmit: row(ids.lwt_xmit, '4.10', {
    sections: [exact('lwt_xmit')],
    context: '__sk_buff',
    verdicts: LWT_VERDICTS,
    directPacketAccess: 'readWrite',
    link: 'lwt',
    testRun: true,
  }),
  sock_ops: row(ids.sock_ops, '4.13', {
    sections: [at('sockops', 'CGROUP_SOCK_OPS')],
    context: 'bpf_sock_ops',
    aliases: ['sockops'],
    passVerdict: 1,
    verdicts: SK_VERDICTS,
    returns: ALLOW,
    link: 'cgroup',
  }),
  sk_skb: row(ids.sk_skb, '4.14', {
    sections: [
      exact('sk_skb'),
      at('sk_skb/stream_parser', 'SK_SKB_STREAM_PARSER'),
      at('sk_skb/stream_verdict', 'SK_SKB_STREAM_VERDICT'),
      at('sk_skb/verdict', 'SK_SKB_VERDICT'),
    ],
    context: '__sk_buff',
    passVerdict: 1,
    verdicts: SK_VERDICTS,
    directPacketAccess: 'readWrite',
    link: 'sockmap',
  }),
  cgroup_device: row(ids.cgroup_device, '4.15', {
    sections: [at('cgroup/dev', 'CGROUP_DEVICE')],
    context: 'bpf_cgroup_dev_ctx',
    passVerdict: 1,
    verdicts: SK_VERDICTS,
    returns: ALLOW,
    link: 'cgroup',
  }),
  sk_msg: row(ids.sk_msg, '4.17', {
    sections: [at('sk_msg', 'SK_MSG_VERDICT')],
    context: 'sk_msg_md',
    passVerdict: 1,
    verdicts: SK_VERDICTS,
    directPacketAccess: 'readWrite',
    link: 'sockmap',
  }),
  raw_tracepoint: row(ids.raw_tracepoint, '4.17', {
    sections: [prefix('raw_tracepoint'), prefix('raw_tp')],
    context: 'bpf_raw_tracepoint_args',
    aliases: ['raw_tp'],
    link: 'raw_tracepoint',
    testRun: true,
  }),
  cgroup_sock_addr: row(ids.cgroup_sock_addr, '4.17', {
    sections: [
      at('cgroup/connect4', 'CGROUP_INET4_CONNECT'),
      at('cgroup/connect6', 'CGROUP_INET6_CONNECT'),
      at('cgroup/connect_unix', 'CGROUP_UNIX_CONNECT'),
      // 2 and 3: additionally skip the check for privileged ports
      at('cgroup/bind4', 'CGROUP_INET4_BIND', { returns: [0, 3] }),
      at('cgroup/bind6', 'CGROUP_INET6_BIND', { returns: [0, 3] }),
      at('cgroup/sendmsg4', 'CGROUP_UDP4_SENDMSG'),
      at('cgroup/sendmsg6', 'CGROUP_UDP6_SENDMSG'),
      at('cgroup/sendmsg_unix', 'CGROUP_UNIX_SENDMSG'),
      at('cgroup/recvmsg4', 'CGROUP_UDP4_RECVMSG', { returns: [1, 1] }),
      at('cgroup/recvmsg6', 'CGROUP_UDP6_RECVMSG', { returns: [1, 1] }),
      at('cgroup/recvmsg_unix', 'CGROUP_UNIX_RECVMSG', { returns: [1, 1] }),
      at('cgroup/getpeername4', 'CGROUP_INET4_GETPEERNAME', { returns: [1, 1] }),
      at('cgroup/getpeername6', 'CGROUP_INET6_GETPEERNAME', { returns: [1, 1] }),
      at('cgroup/getpeername_unix', 'CGROUP_UNIX_GETPEERNAME', { returns: [1, 1] }),
      at('cgroup/getsockname4', 'CGROUP_INET4_GETSOCKNAME', { returns: [1, 1] }),
      at('cgroup/getsockname6', 'CGROUP_INET6_GETSOCKNAME', { returns: [1, 1] }),
      at('cgroup/getsockname_unix', 'CGROUP_UNIX_GETSOCKNAME', { returns: [1, 1] }),
    ],
    context: 'bpf_sock_addr',
    passVerdict: 1,
    verdicts: SK_VERDICTS,
    returns: ALLOW,
    link: 'cgroup',
  }),
  lwt_seg6local: row(ids.lwt_seg6local, '4.18', {
    sections: [exact('lwt_seg6local')],
    context: '__sk_buff',
    verdicts: LWT_VERDICTS,
    directPacketAccess: 'read',
    link: 'lwt',
  }),
  lirc_mode2: row(ids.lirc_mode2, '4.18', { sections: [at('lirc_mode2', 'LIRC_MODE2')], link: 'lirc' }),
  sk_reuseport: row(ids.sk_reuseport, '4.19', {
    sections: [at('sk_reuseport', 'SK_REUSEPORT_SELECT'), at('sk_reuseport/migrate', 'SK_REUSEPORT_SELECT_OR_MIGRATE')],
    context: 'sk_reuseport_md',
    passVerdict: 1,
    verdicts: SK_VERDICTS,
    directPacketAccess: 'read',
    link: 'reuseport',
  }),
  flow_dissector: row(ids.flow_dissector, '4.20', {
    sections: [at('flow_dissector', 'FLOW_DISSECTOR')],
    context: '__sk_buff',
    verdicts: constantValues('BPF_OK', 'BPF_DROP', 'BPF_FLOW_DISSECTOR_CONTINUE'),
    directPacketAccess: 'read',
    link: 'netns',
    testRun: true,
  }),
  cgroup_sysctl: row(ids.cgroup_sysctl, '5.2', {
    sections: [at('cgroup/sysctl', 'CGROUP_SYSCTL')],
    context: 'bpf_sysctl',
    passVerdict: 1,
    verdicts: SK_VERDICTS,
    returns: ALLOW,
    link: 'cgroup',
  }),
  raw_tracepoint_writable: row(ids.raw_tracepoint_writable, '5.2', {
    sections: [prefix('raw_tracepoint.w'), prefix('raw_tp.w')],
    context: 'bpf_raw_tracepoint_args',
    link: 'raw_tracepoint',
  }),
  cgroup_sockopt: row(ids.cgroup_sockopt, '5.3', {
    sections: [at('cgroup/getsockopt', 'CGROUP_GETSOCKOPT'), at('cgroup/setsockopt', 'CGROUP_SETSOCKOPT')],
    context: 'bpf_sockopt',
    passVerdict: 1,
    verdicts: SK_VERDICTS,
    returns: ALLOW,
    directPacketAccess: 'readWrite',
    link: 'cgroup',
  }),
  tracing: row(ids.tracing, '5.5', {
    sections: [
      btf('fentry', 'TRACE_FENTRY', { returns: [0, 0] }),
      btf('fexit', 'TRACE_FEXIT', { returns: [0, 0], onReturn: true }),
      btf('fmod_ret', 'MODIFY_RETURN'),
      btf('tp_btf', 'TRACE_RAW_TP'),
      btf('fentry.s', 'TRACE_FENTRY', { returns: [0, 0], sleepable: true }),
      btf('fexit.s', 'TRACE_FEXIT', { returns: [0, 0], onReturn: true, sleepable: true }),
      btf('fmod_ret.s', 'MODIFY_RETURN', { sleepable: true }),
      btf('iter', 'TRACE_ITER', { returns: ALLOW, link: 'iter' }),
      btf('iter.s', 'TRACE_ITER', { returns: ALLOW, link: 'iter', sleepable: true }),
    ],
    link: 'tracing',
    testRun: true,
  }),
  struct_ops: row(ids.struct_ops, '5.6', {
    sections: [prefix('struct_ops'), prefix('struct_ops.s', { sleepable: true })],
    link: 'struct_ops',
  }),
  ext: row(ids.ext, '5.6', {
    sections: [prefix('freplace', { btfTarget: true })],
    aliases: ['freplace'],
    link: 'freplace',
  }),
  lsm: row(ids.lsm, '5.7', {
    sections: [
      btf('lsm', 'LSM_MAC'),
      btf('lsm.s', 'LSM_MAC', { sleepable: true }),
      btf('lsm_cgroup', 'LSM_CGROUP', { link: 'cgroup' }),
    ],
    link: 'lsm',
  }),
  sk_lookup: row(ids.sk_lookup, '5.9', {
    sections: [at('sk_lookup', 'SK_LOOKUP')],
    context: 'bpf_sk_lookup',
    passVerdict: 1,
    verdicts: SK_VERDICTS,
    returns: ALLOW,
    link: 'netns',
    testRun: true,
  }),
  syscall: row(ids.syscall, '5.14', { sections: [exact('syscall', { sleepable: true })], link: 'none', testRun: true }),
  netfilter: row(ids.netfilter, '6.4', {
    sections: [at('netfilter', 'NETFILTER')],
    context: 'bpf_nf_ctx',
    passVerdict: 1,
    verdicts: constantValues('NF_DROP', 'NF_ACCEPT'),
    returns: ALLOW,
    link: 'netfilter',
    testRun: true,
  }),
} as const satisfies Record<string, ProgramTypeRow>

export type ProgramTypeName = keyof typeof PROGRAM_TYPES

/** The row in its general type: optional columns can be asked for. */
export function programTypeRow(name: ProgramTypeName): ProgramTypeRow {
  return PROGRAM_TYPES[name]
}
