/**
 * Context structs: what a program sees behind its first argument. Offsets are those of the user-visible struct (the
 * verifier rewrites the accesses) and are generated; access rights are by hand, after the `*_is_valid_access` functions
 * of net/core/filter.c, kernel/bpf/cgroup.c and kernel/trace/bpf_trace.c (6.18). Values are raw: a field that the kernel
 * keeps in network order (ports, addresses) is not swapped.
 */
import type { IntType, PtrSpace } from '../types/types.ts'
import { i8, i16, i32, i64, u8, u16, u32, u64 } from '../types/types.ts'
import type { ATTACH_TYPE_IDS, PROG_TYPE_IDS } from './generated/enums.ts'
import { STRUCTS } from './generated/structs.ts'

export interface ContextField {
  /** Kernel name (`data_end`). */
  readonly name: string
  /** Bytes from the start of the context. */
  readonly offset: number
  /** Element type for array fields. */
  readonly type: IntType
  /** Number of elements; absent for a scalar. */
  readonly length?: number
  /** Set when reading the field gives a pointer of this kind. */
  readonly pointer?: PtrSpace
  /** The pointer may be null. */
  readonly nullable?: true
  /** Kernel struct that the pointer points to (`bpf_sock`). */
  readonly of?: string
  /** Program types that may write it (kernel program type names); absent: nobody. */
  readonly writable?: readonly string[]
  /** Program types that may read it; absent: all that have this context. */
  readonly readable?: readonly string[]
  /** Attach types that may touch it at all (without `BPF_`); absent: all. */
  readonly attachTypes?: readonly string[]
  /** Attach types that may write it; absent: as `writable` says. */
  readonly writeAttachTypes?: readonly string[]
}

export interface ContextRow {
  /** C name of the struct. */
  readonly struct: string
  /** Bytes; 0 when it depends on the attach point (tracepoints). */
  readonly size: number
  readonly fields: readonly ContextField[]
}

type StructName = keyof typeof STRUCTS
type FieldName<S extends StructName> = keyof (typeof STRUCTS)[S]['fields']

/** Access rights of one field; `hidden` fields are left out. */
interface Rights {
  readonly pointer?: PtrSpace
  readonly nullable?: true
  readonly of?: string
  readonly writable?: readonly (keyof typeof PROG_TYPE_IDS)[]
  readonly readable?: readonly (keyof typeof PROG_TYPE_IDS)[]
  readonly attachTypes?: readonly (keyof typeof ATTACH_TYPE_IDS)[]
  readonly writeAttachTypes?: readonly (keyof typeof ATTACH_TYPE_IDS)[]
  readonly hidden?: true
  readonly length?: number
}

interface GeneratedField {
  readonly offset: number
  readonly bits?: number
  readonly signed?: boolean
  readonly length?: number
}

const UNSIGNED = { 8: u8, 16: u16, 32: u32, 64: u64 } as const
const SIGNED = { 8: i8, 16: i16, 32: i32, 64: i64 } as const

function context<const S extends StructName>(
  struct: S,
  rights: { readonly [F in FieldName<S>]?: Rights } = {},
): ContextRow & { readonly struct: S } {
  const fields: ContextField[] = []
  for (const [name, field] of Object.entries<GeneratedField>(STRUCTS[struct].fields)) {
    const { hidden, ...more } = rights[name as FieldName<S>] ?? ({} as Rights) // names are those of the struct
    // Embedded structs (perf_event's registers, the unions of pt_regs) have no scalar type.
    if (hidden || field.bits === undefined) continue
    const type = (field.signed ? SIGNED : UNSIGNED)[field.bits as 8 | 16 | 32 | 64] // BTF integers have these widths
    const length = field.length === undefined ? {} : { length: field.length }
    fields.push({ name, offset: field.offset, type, ...length, ...more })
  }
  return { struct, size: STRUCTS[struct].size, fields }
}

const PACKET = { pointer: 'packet' } as const
const PACKET_END = { pointer: 'packetEnd' } as const
const SOCKET = { pointer: 'btf', of: 'bpf_sock' } as const
const SOCKET_OR_NULL = { ...SOCKET, nullable: true } as const

const TC = ['sched_cls', 'sched_act'] as const
const LWT = ['lwt_in', 'lwt_out', 'lwt_xmit', 'lwt_seg6local'] as const
/** All users of __sk_buff but the flow dissector, which sees only data, data_end and flow_keys. */
const SKB = ['socket_filter', ...TC, 'cgroup_skb', ...LWT, 'sk_skb'] as const
const ALL: Rights = { readable: SKB }
const CONNECTION: Rights = { readable: ['cgroup_skb', 'sk_skb'] }
const NOT_SOCKET_FILTER = [...TC, 'cgroup_skb', ...LWT, 'sk_skb', 'flow_dissector'] as const

const V4 = [
  'CGROUP_INET4_BIND',
  'CGROUP_INET4_CONNECT',
  'CGROUP_INET4_GETPEERNAME',
  'CGROUP_INET4_GETSOCKNAME',
  'CGROUP_UDP4_SENDMSG',
  'CGROUP_UDP4_RECVMSG',
] as const
const V6 = [
  'CGROUP_INET6_BIND',
  'CGROUP_INET6_CONNECT',
  'CGROUP_INET6_GETPEERNAME',
  'CGROUP_INET6_GETSOCKNAME',
  'CGROUP_UDP6_SENDMSG',
  'CGROUP_UDP6_RECVMSG',
] as const
const SOCK_LIFE: Rights = {
  writable: ['cgroup_sock'],
  attachTypes: ['CGROUP_INET_SOCK_CREATE', 'CGROUP_INET_SOCK_RELEASE'],
}

export const CONTEXTS = {
  xdp_md: context('xdp_md', {
    data: PACKET,
    data_end: PACKET_END,
    data_meta: { pointer: 'packetMeta' },
    egress_ifindex: { attachTypes: ['XDP_DEVMAP'] },
  }),

  __sk_buff: context('__sk_buff', {
    len: ALL,
    pkt_type: ALL,
    mark: { readable: ['socket_filter', ...TC, 'cgroup_skb', ...LWT], writable: [...TC, 'cgroup_skb', ...LWT] },
    queue_mapping: { ...ALL, writable: TC },
    protocol: ALL,
    vlan_present: ALL,
    vlan_tci: ALL,
    vlan_proto: ALL,
    priority: { ...ALL, writable: [...TC, 'cgroup_skb', ...LWT, 'sk_skb'] },
    ingress_ifindex: ALL,
    ifindex: ALL,
    tc_index: { ...ALL, writable: [...TC, 'sk_skb'] },
    cb: { ...ALL, writable: ['socket_filter', ...TC, 'cgroup_skb', ...LWT] },
    hash: ALL,
    tc_classid: { readable: TC, writable: TC },
    data: { ...PACKET, readable: NOT_SOCKET_FILTER },
    data_end: { ...PACKET_END, readable: NOT_SOCKET_FILTER },
    napi_id: ALL,
    family: CONNECTION,
    remote_ip4: CONNECTION,
    local_ip4: CONNECTION,
    remote_ip6: CONNECTION,
    local_ip6: CONNECTION,
    remote_port: CONNECTION,
    local_port: CONNECTION,
    data_meta: { pointer: 'packetMeta', readable: TC },
    flow_keys: { pointer: 'btf', of: 'bpf_flow_keys', readable: ['flow_dissector'] },
    tstamp: { readable: [...TC, 'cgroup_skb'], writable: [...TC, 'cgroup_skb'] },
    wire_len: { readable: TC },
    gso_segs: ALL,
    sk: { ...SOCKET_OR_NULL, readable: SKB },
    gso_size: ALL,
    tstamp_type: { readable: TC },
    hwtstamp: { readable: [...TC, 'cgroup_skb'] },
  }),

  bpf_sock: context('bpf_sock', {
    bound_dev_if: SOCK_LIFE,
    mark: SOCK_LIFE,
    priority: SOCK_LIFE,
    src_ip4: { attachTypes: ['CGROUP_INET4_POST_BIND'] },
    src_ip6: { attachTypes: ['CGROUP_INET6_POST_BIND'] },
    src_port: { attachTypes: ['CGROUP_INET4_POST_BIND', 'CGROUP_INET6_POST_BIND'] },
  }),

  bpf_sock_addr: context('bpf_sock_addr', {
    user_ip4: { attachTypes: V4, writable: ['cgroup_sock_addr'] },
    user_ip6: { attachTypes: V6, writable: ['cgroup_sock_addr'] },
    user_port: { writable: ['cgroup_sock_addr'] },
    msg_src_ip4: { attachTypes: ['CGROUP_UDP4_SENDMSG'], writable: ['cgroup_sock_addr'] },
    msg_src_ip6: { attachTypes: ['CGROUP_UDP6_SENDMSG'], writable: ['cgroup_sock_addr'] },
    sk: SOCKET,
  }),

  bpf_sock_ops: context('bpf_sock_ops', {
    reply: { writable: ['sock_ops'] },
    sk_txhash: { writable: ['sock_ops'] },
    sk: SOCKET_OR_NULL,
    skb_data: PACKET,
    skb_data_end: PACKET_END,
  }),

  // The cookie shares its bytes with sk and is only an input of PROG_TEST_RUN.
  bpf_sk_lookup: context('bpf_sk_lookup', { sk: SOCKET_OR_NULL, cookie: { hidden: true } }),

  sk_msg_md: context('sk_msg_md', { data: PACKET, data_end: PACKET_END, sk: SOCKET }),

  sk_reuseport_md: context('sk_reuseport_md', {
    data: PACKET,
    data_end: PACKET_END,
    sk: SOCKET,
    migrating_sk: SOCKET_OR_NULL,
  }),

  bpf_sysctl: context('bpf_sysctl', { file_pos: { writable: ['cgroup_sysctl'] } }),

  bpf_sockopt: context('bpf_sockopt', {
    sk: SOCKET,
    optval: PACKET,
    optval_end: PACKET_END,
    level: { writable: ['cgroup_sockopt'], writeAttachTypes: ['CGROUP_SETSOCKOPT'] },
    optname: { writable: ['cgroup_sockopt'], writeAttachTypes: ['CGROUP_SETSOCKOPT'] },
    optlen: { writable: ['cgroup_sockopt'] },
    retval: { writable: ['cgroup_sockopt'], attachTypes: ['CGROUP_GETSOCKOPT'] },
  }),

  /** x86-64; the registers come first, as in pt_regs. */
  bpf_perf_event_data: context('bpf_perf_event_data'),

  bpf_cgroup_dev_ctx: context('bpf_cgroup_dev_ctx'),

  /** Declared as `args[0]`; a tracepoint has at most MAX_BPF_FUNC_ARGS (12) arguments (include/linux/bpf.h). */
  bpf_raw_tracepoint_args: { ...context('bpf_raw_tracepoint_args', { args: { length: 12 } }), size: 96 },

  bpf_nf_ctx: context('bpf_nf_ctx', {
    state: { pointer: 'btf', of: 'nf_hook_state' },
    skb: { pointer: 'btf', of: 'sk_buff' },
  }),

  /** x86-64; other architectures in tables/pt-regs. */
  pt_regs: context('pt_regs', { csx: { hidden: true }, ssx: { hidden: true } }),

  /** The fields are those of the event's format file. */
  tracepoint: { struct: 'tracepoint', size: 0, fields: [] },
} as const satisfies Record<string, ContextRow>

export type ContextName = keyof typeof CONTEXTS

/** The row in its general type. */
export function contextRow(name: ContextName): ContextRow {
  return CONTEXTS[name]
}

/** A field by kernel name (`data_end`). */
export function contextField(name: ContextName, field: string): ContextField | undefined {
  return contextRow(name).fields.find((f) => f.name === field)
}

/** Who asks for a field. */
export interface ContextUser {
  /** Kernel name of the program type. */
  readonly type: string
  /** Attach type without `BPF_`; undefined: not known, then only the program type counts. */
  readonly attachType: string | undefined
}

export function mayReadField(field: ContextField, user: ContextUser): boolean {
  return (field.readable?.includes(user.type) ?? true) && attachAllows(field.attachTypes, user)
}

export function mayWriteField(field: ContextField, user: ContextUser): boolean {
  const byType = field.writable?.includes(user.type) ?? false
  return byType && attachAllows(field.attachTypes, user) && attachAllows(field.writeAttachTypes, user)
}

function attachAllows(types: readonly string[] | undefined, user: ContextUser): boolean {
  return types === undefined || user.attachType === undefined || types.includes(user.attachType)
}
