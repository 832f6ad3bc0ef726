/**
 * Named constants of both languages. Enumerators of the kernel have only a text here, their numbers are generated;
 * the rest are protocol numbers and header lengths.
 *
 * Spellings: the C name (`XDP_PASS`), or in Lisp the name between plus signs (`+ip-proto-tcp+`, `+bpf-noexist+`).
 */
import { KERNEL_CONSTANTS } from './generated/enums.ts'

export interface ConstantRow {
  readonly value: bigint
  readonly doc: string
  /** Other C names of the same constant. */
  readonly aliases?: readonly string[]
}

type KernelConstant = keyof typeof KERNEL_CONSTANTS

/** Rows of kernel enumerators, from their texts. */
function kernel<const K extends KernelConstant>(docs: Readonly<Record<K, string>>): Readonly<Record<K, ConstantRow>> {
  const rows = Object.entries<string>(docs).map(([name, doc]) => [name, { value: KERNEL_CONSTANTS[name as K], doc }])
  return Object.fromEntries(rows) // fromEntries forgets the keys; they are those of `docs`
}

/** Rows that all have one kind of text: `[prefix]NAME: value`. */
function numbered<const K extends string>(
  doc: string,
  values: Readonly<Record<K, number>>,
): Readonly<Record<K, ConstantRow>> {
  const rows = Object.entries<number>(values).map(([name, value]) => [name, { value: BigInt(value), doc }])
  return Object.fromEntries(rows) // as above
}

const verdicts = kernel({
  XDP_ABORTED: 'Error: drop the packet and fire the xdp_exception tracepoint.',
  XDP_DROP: 'Drop the packet.',
  XDP_PASS: 'Give the packet to the network stack.',
  XDP_TX: 'Send the packet out of the interface it came in by.',
  XDP_REDIRECT: 'Send the packet where bpf_redirect or bpf_redirect_map said.',
  SK_DROP: 'Drop or refuse.',
  SK_PASS: 'Let through.',
  TCX_NEXT: 'TCX: run the next program.',
  TCX_PASS: 'TCX: accept the packet.',
  TCX_DROP: 'TCX: drop the packet.',
  TCX_REDIRECT: 'TCX: redirect as bpf_redirect said.',
  BPF_OK: 'Light-weight tunnels, flow dissector: go on.',
  BPF_DROP: 'Light-weight tunnels, flow dissector: drop.',
  BPF_REDIRECT: 'Light-weight tunnels: redirect as bpf_redirect said.',
  BPF_LWT_REROUTE: 'Light-weight tunnels: the destination changed, look up the route again.',
  BPF_FLOW_DISSECTOR_CONTINUE: 'Flow dissector: let the built-in dissector do it.',
})

// include/uapi/linux/pkt_cls.h: macros, so BTF does not have them
const tcActions = {
  TC_ACT_UNSPEC: { value: -1n, doc: 'Use the default action of the classifier.' },
  TC_ACT_OK: { value: 0n, doc: 'Accept the packet.' },
  TC_ACT_RECLASSIFY: { value: 1n, doc: 'Start classification again.' },
  TC_ACT_SHOT: { value: 2n, doc: 'Drop the packet.' },
  TC_ACT_PIPE: { value: 3n, doc: 'Go on with the next action.' },
  TC_ACT_STOLEN: { value: 4n, doc: 'The packet was consumed; the sender sees success.' },
  TC_ACT_QUEUED: { value: 5n, doc: 'The packet was queued.' },
  TC_ACT_REPEAT: { value: 6n, doc: 'Run the action again.' },
  TC_ACT_REDIRECT: { value: 7n, doc: 'Redirect as bpf_redirect said.' },
  TC_ACT_TRAP: { value: 8n, doc: 'Hand the packet from hardware to the CPU.' },
} as const satisfies Record<string, ConstantRow>

// include/uapi/linux/netfilter.h
const netfilterVerdicts = {
  NF_DROP: { value: 0n, doc: 'Drop the packet.' },
  NF_ACCEPT: { value: 1n, doc: 'Let the packet continue.' },
} as const satisfies Record<string, ConstantRow>

const mapFlags = kernel({
  BPF_ANY: 'Update: create the entry or replace it.',
  BPF_NOEXIST: 'Update: only when the key is absent.',
  BPF_EXIST: 'Update: only when the key is present.',
  BPF_F_LOCK: 'Update: hold the spin lock inside the value.',
  BPF_F_NO_PREALLOC: 'Map: allocate entries when they are added. Required for LPM tries.',
  BPF_F_NO_COMMON_LRU: 'Map: one LRU list per CPU.',
  BPF_F_NUMA_NODE: 'Map: allocate on the given NUMA node.',
  BPF_F_RDONLY: 'Map: read-only for user space.',
  BPF_F_WRONLY: 'Map: write-only for user space.',
  BPF_F_RDONLY_PROG: 'Map: read-only for programs.',
  BPF_F_WRONLY_PROG: 'Map: write-only for programs.',
  BPF_F_STACK_BUILD_ID: 'Stack trace map: store build id and offset instead of addresses.',
  BPF_F_ZERO_SEED: 'Map: hash with seed zero (only for tests).',
  BPF_F_CLONE: 'Socket storage: copy to a cloned socket.',
  BPF_F_MMAPABLE: 'Array: user space may map the values.',
  BPF_F_PRESERVE_ELEMS: 'Perf event array: keep the entries when the map is closed.',
  BPF_F_INNER_MAP: 'Array: may be an inner map of another size.',
})

const helperFlags = kernel({
  BPF_F_INDEX_MASK: 'Perf event array: bits of the index.',
  BPF_F_CURRENT_CPU: 'Perf event array: index of the current CPU.',
  BPF_F_CTXLEN_MASK: 'perf_event_output: bits of the number of packet bytes to append.',
  BPF_F_CURRENT_NETNS: 'Socket lookup: the network namespace of the context.',
  BPF_F_INGRESS: 'Redirect to the ingress path.',
  BPF_F_BROADCAST: 'redirect_map: send to every entry.',
  BPF_F_EXCLUDE_INGRESS: 'redirect_map: leave out the ingress interface.',
  BPF_F_RECOMPUTE_CSUM: 'skb_store_bytes: update the checksum.',
  BPF_F_INVALIDATE_HASH: 'skb_store_bytes: forget the flow hash.',
  BPF_F_HDR_FIELD_MASK: 'Checksum replacement: bits of the field size.',
  BPF_F_PSEUDO_HDR: 'l4_csum_replace: the field is part of the pseudo header.',
  BPF_F_MARK_MANGLED_0: 'l4_csum_replace: a checksum of 0 stays 0.',
  BPF_F_MARK_ENFORCE: 'l4_csum_replace: a result of 0 becomes 0xffff.',
  BPF_F_TUNINFO_IPV6: 'Tunnel key: IPv6.',
  BPF_F_ZERO_CSUM_TX: 'Tunnel key: no UDP checksum.',
  BPF_F_DONT_FRAGMENT: 'Tunnel key: set the DF bit.',
  BPF_F_SEQ_NUMBER: 'Tunnel key: add a sequence number.',
  BPF_F_SKIP_FIELD_MASK: 'Stacks: bits of the number of frames to skip.',
  BPF_F_USER_STACK: 'Stacks: the user-space stack.',
  BPF_F_FAST_STACK_CMP: 'get_stackid: compare stacks by hash only.',
  BPF_F_REUSE_STACKID: 'get_stackid: overwrite on collision.',
  BPF_F_USER_BUILD_ID: 'get_stack: build ids instead of addresses.',
  BPF_F_SYSCTL_BASE_NAME: 'sysctl_get_name: only the last part of the name.',
  BPF_F_TIMER_ABS: 'timer_start: the time is absolute.',
  BPF_F_ADJ_ROOM_FIXED_GSO: 'skb_adjust_room: leave the segment size alone.',
  BPF_F_ADJ_ROOM_ENCAP_L3_IPV4: 'skb_adjust_room: the new header is IPv4.',
  BPF_F_ADJ_ROOM_ENCAP_L3_IPV6: 'skb_adjust_room: the new header is IPv6.',
  BPF_F_ADJ_ROOM_ENCAP_L4_GRE: 'skb_adjust_room: the new header is GRE.',
  BPF_F_ADJ_ROOM_ENCAP_L4_UDP: 'skb_adjust_room: the new header is UDP.',
  BPF_F_ADJ_ROOM_NO_CSUM_RESET: 'skb_adjust_room: leave the checksum state alone.',
  BPF_F_ADJ_ROOM_ENCAP_L2_ETH: 'skb_adjust_room: the inner header is Ethernet.',
  BPF_F_ADJ_ROOM_DECAP_L3_IPV4: 'skb_adjust_room: an outer IPv4 header is removed.',
  BPF_F_ADJ_ROOM_DECAP_L3_IPV6: 'skb_adjust_room: an outer IPv6 header is removed.',
  BPF_ADJ_ROOM_NET: 'skb_adjust_room: at the network header.',
  BPF_ADJ_ROOM_MAC: 'skb_adjust_room: at the MAC header.',
  BPF_HDR_START_MAC: 'skb_load_bytes_relative: from the MAC header.',
  BPF_HDR_START_NET: 'skb_load_bytes_relative: from the network header.',
  BPF_CSUM_LEVEL_QUERY: 'csum_level: return the level.',
  BPF_CSUM_LEVEL_INC: 'csum_level: one more.',
  BPF_CSUM_LEVEL_DEC: 'csum_level: one less.',
  BPF_CSUM_LEVEL_RESET: 'csum_level: no checksum is known to be right.',
  BPF_RB_NO_WAKEUP: 'Ring buffer: do not wake the reader.',
  BPF_RB_FORCE_WAKEUP: 'Ring buffer: always wake the reader.',
  BPF_RB_AVAIL_DATA: 'ringbuf_query: bytes not read yet.',
  BPF_RB_RING_SIZE: 'ringbuf_query: size of the buffer.',
  BPF_RB_CONS_POS: 'ringbuf_query: position of the reader.',
  BPF_RB_PROD_POS: 'ringbuf_query: position of the writer.',
  BPF_LOCAL_STORAGE_GET_F_CREATE: 'Local storage: create the entry when it is absent.',
  BPF_SK_STORAGE_GET_F_CREATE: 'Socket storage: create the entry when it is absent.',
  BPF_SK_LOOKUP_F_REPLACE: 'sk_assign: replace the socket chosen before.',
  BPF_SK_LOOKUP_F_NO_REUSEPORT: 'sk_assign: skip reuseport selection.',
  BPF_LWT_ENCAP_SEG6: 'lwt_push_encap: an outer IPv6 header with a segment routing header.',
  BPF_LWT_ENCAP_SEG6_INLINE: 'lwt_push_encap: a segment routing header after the IPv6 header.',
  BPF_LWT_ENCAP_IP: 'lwt_push_encap: an outer IP header.',
  BPF_LOAD_HDR_OPT_TCP_SYN: 'load_hdr_opt: search the saved SYN.',
  BPF_MTU_CHK_SEGS: 'check_mtu: check the segments of a GSO packet.',
  BPF_MTU_CHK_RET_SUCCESS: 'check_mtu: fits.',
  BPF_MTU_CHK_RET_FRAG_NEEDED: 'check_mtu: too long.',
  BPF_MTU_CHK_RET_SEGS_TOOBIG: 'check_mtu: a segment is too long.',
  BPF_SKB_CLOCK_REALTIME: 'skb_set_tstamp: real time.',
  BPF_SKB_CLOCK_MONOTONIC: 'skb_set_tstamp: monotonic time.',
  BPF_SKB_CLOCK_TAI: 'skb_set_tstamp: TAI.',
  BPF_FIB_LOOKUP_DIRECT: 'fib_lookup: skip the policy rules.',
  BPF_FIB_LOOKUP_OUTPUT: 'fib_lookup: look up as for sending.',
  BPF_FIB_LOOKUP_SKIP_NEIGH: 'fib_lookup: leave out the neighbour.',
  BPF_FIB_LOOKUP_TBID: 'fib_lookup: use the given routing table.',
  BPF_FIB_LOOKUP_SRC: 'fib_lookup: also find the source address.',
  BPF_FIB_LOOKUP_MARK: 'fib_lookup: use the given mark.',
  BPF_FIB_LKUP_RET_SUCCESS: 'fib_lookup: found.',
  BPF_FIB_LKUP_RET_BLACKHOLE: 'fib_lookup: the route says drop.',
  BPF_FIB_LKUP_RET_UNREACHABLE: 'fib_lookup: unreachable.',
  BPF_FIB_LKUP_RET_PROHIBIT: 'fib_lookup: prohibited.',
  BPF_FIB_LKUP_RET_NOT_FWDED: 'fib_lookup: not forwarded.',
  BPF_FIB_LKUP_RET_FWD_DISABLED: 'fib_lookup: forwarding is off.',
  BPF_FIB_LKUP_RET_UNSUPP_LWT: 'fib_lookup: the route needs encapsulation.',
  BPF_FIB_LKUP_RET_NO_NEIGH: 'fib_lookup: the neighbour is not known.',
  BPF_FIB_LKUP_RET_FRAG_NEEDED: 'fib_lookup: the packet is too long.',
  BPF_FIB_LKUP_RET_NO_SRC_ADDR: 'fib_lookup: no source address.',
})

const socketOps = kernel({
  BPF_SOCK_OPS_VOID: 'No operation.',
  BPF_SOCK_OPS_TIMEOUT_INIT: 'Asks for the SYN timeout.',
  BPF_SOCK_OPS_RWND_INIT: 'Asks for the initial receive window.',
  BPF_SOCK_OPS_TCP_CONNECT_CB: 'Before an active connect.',
  BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB: 'An active connection is established.',
  BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB: 'A passive connection is established.',
  BPF_SOCK_OPS_NEEDS_ECN: 'Asks whether to use ECN.',
  BPF_SOCK_OPS_BASE_RTT: 'Asks for the base round-trip time.',
  BPF_SOCK_OPS_RTO_CB: 'A retransmission timer fired.',
  BPF_SOCK_OPS_RETRANS_CB: 'A segment was sent again.',
  BPF_SOCK_OPS_STATE_CB: 'The TCP state changes: args[0] old, args[1] new.',
  BPF_SOCK_OPS_TCP_LISTEN_CB: 'listen(2) was called.',
  BPF_SOCK_OPS_RTT_CB: 'A round trip was measured.',
  BPF_SOCK_OPS_PARSE_HDR_OPT_CB: 'A segment with header options came.',
  BPF_SOCK_OPS_HDR_OPT_LEN_CB: 'Asks how much room header options need.',
  BPF_SOCK_OPS_WRITE_HDR_OPT_CB: 'Write the header options.',
  BPF_SOCK_OPS_RTO_CB_FLAG: 'Turns RTO_CB on.',
  BPF_SOCK_OPS_RETRANS_CB_FLAG: 'Turns RETRANS_CB on.',
  BPF_SOCK_OPS_STATE_CB_FLAG: 'Turns STATE_CB on.',
  BPF_SOCK_OPS_RTT_CB_FLAG: 'Turns RTT_CB on.',
  BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG: 'Turns PARSE_HDR_OPT_CB on for every option.',
  BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG: 'Turns PARSE_HDR_OPT_CB on for unknown options.',
  BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG: 'Turns the writing of header options on.',
  BPF_SOCK_OPS_ALL_CB_FLAGS: 'All of them.',
  BPF_TCP_ESTABLISHED: 'TCP state.',
  BPF_TCP_SYN_SENT: 'TCP state.',
  BPF_TCP_SYN_RECV: 'TCP state.',
  BPF_TCP_FIN_WAIT1: 'TCP state.',
  BPF_TCP_FIN_WAIT2: 'TCP state.',
  BPF_TCP_TIME_WAIT: 'TCP state.',
  BPF_TCP_CLOSE: 'TCP state.',
  BPF_TCP_CLOSE_WAIT: 'TCP state.',
  BPF_TCP_LAST_ACK: 'TCP state.',
  BPF_TCP_LISTEN: 'TCP state.',
  BPF_TCP_CLOSING: 'TCP state.',
  BPF_TCP_NEW_SYN_RECV: 'TCP state.',
})

const attachTypes = kernel({
  BPF_CGROUP_INET_INGRESS: 'Attach type of cgroup_skb/ingress.',
  BPF_CGROUP_INET_EGRESS: 'Attach type of cgroup_skb/egress.',
  BPF_CGROUP_INET_SOCK_CREATE: 'Attach type of cgroup/sock_create.',
  BPF_CGROUP_INET_SOCK_RELEASE: 'Attach type of cgroup/sock_release.',
  BPF_CGROUP_SOCK_OPS: 'Attach type of sockops.',
  BPF_CGROUP_DEVICE: 'Attach type of cgroup/dev.',
  BPF_CGROUP_INET4_BIND: 'Attach type of cgroup/bind4.',
  BPF_CGROUP_INET6_BIND: 'Attach type of cgroup/bind6.',
  BPF_CGROUP_INET4_CONNECT: 'Attach type of cgroup/connect4.',
  BPF_CGROUP_INET6_CONNECT: 'Attach type of cgroup/connect6.',
  BPF_CGROUP_INET4_POST_BIND: 'Attach type of cgroup/post_bind4.',
  BPF_CGROUP_INET6_POST_BIND: 'Attach type of cgroup/post_bind6.',
  BPF_CGROUP_UDP4_SENDMSG: 'Attach type of cgroup/sendmsg4.',
  BPF_CGROUP_UDP6_SENDMSG: 'Attach type of cgroup/sendmsg6.',
  BPF_CGROUP_UDP4_RECVMSG: 'Attach type of cgroup/recvmsg4.',
  BPF_CGROUP_UDP6_RECVMSG: 'Attach type of cgroup/recvmsg6.',
  BPF_CGROUP_INET4_GETPEERNAME: 'Attach type of cgroup/getpeername4.',
  BPF_CGROUP_INET6_GETPEERNAME: 'Attach type of cgroup/getpeername6.',
  BPF_CGROUP_INET4_GETSOCKNAME: 'Attach type of cgroup/getsockname4.',
  BPF_CGROUP_INET6_GETSOCKNAME: 'Attach type of cgroup/getsockname6.',
  BPF_CGROUP_SYSCTL: 'Attach type of cgroup/sysctl.',
  BPF_CGROUP_GETSOCKOPT: 'Attach type of cgroup/getsockopt.',
  BPF_CGROUP_SETSOCKOPT: 'Attach type of cgroup/setsockopt.',
})

const protocolNumbers = {
  ETHERTYPE_IPV4: { value: 0x0800n, doc: 'EtherType of IPv4.', aliases: ['ETH_P_IP'] },
  ETHERTYPE_ARP: { value: 0x0806n, doc: 'EtherType of ARP.', aliases: ['ETH_P_ARP'] },
  ETHERTYPE_VLAN: { value: 0x8100n, doc: 'EtherType of an 802.1Q tag.', aliases: ['ETH_P_8021Q'] },
  ETHERTYPE_QINQ: { value: 0x88a8n, doc: 'EtherType of an 802.1ad tag.', aliases: ['ETH_P_8021AD'] },
  ETHERTYPE_IPV6: { value: 0x86ddn, doc: 'EtherType of IPv6.', aliases: ['ETH_P_IPV6'] },
  IP_PROTO_ICMP: { value: 1n, doc: 'IP protocol ICMP.', aliases: ['IPPROTO_ICMP'] },
  IP_PROTO_IGMP: { value: 2n, doc: 'IP protocol IGMP.', aliases: ['IPPROTO_IGMP'] },
  IP_PROTO_IPIP: { value: 4n, doc: 'IPv4 in IP.', aliases: ['IPPROTO_IPIP'] },
  IP_PROTO_TCP: { value: 6n, doc: 'IP protocol TCP.', aliases: ['IPPROTO_TCP'] },
  IP_PROTO_UDP: { value: 17n, doc: 'IP protocol UDP.', aliases: ['IPPROTO_UDP'] },
  IP_PROTO_IPV6: { value: 41n, doc: 'IPv6 in IP.', aliases: ['IPPROTO_IPV6'] },
  IP_PROTO_GRE: { value: 47n, doc: 'IP protocol GRE.', aliases: ['IPPROTO_GRE'] },
  IP_PROTO_ESP: { value: 50n, doc: 'IP protocol ESP.', aliases: ['IPPROTO_ESP'] },
  IP_PROTO_ICMPV6: { value: 58n, doc: 'IP protocol ICMPv6.', aliases: ['IPPROTO_ICMPV6'] },
  IP_PROTO_SCTP: { value: 132n, doc: 'IP protocol SCTP.', aliases: ['IPPROTO_SCTP'] },
  ETH_HDR_LEN: { value: 14n, doc: 'Bytes of an Ethernet header.', aliases: ['ETH_HLEN'] },
  VLAN_HDR_LEN: { value: 4n, doc: 'Bytes of a VLAN tag.', aliases: ['VLAN_HLEN'] },
  ETH_ADDR_LEN: { value: 6n, doc: 'Bytes of a MAC address.', aliases: ['ETH_ALEN'] },
} as const satisfies Record<string, ConstantRow>

const numbers = {
  ...numbered('Bytes of the header without options.', {
    IPV4_HDR_LEN: 20,
    IPV6_HDR_LEN: 40,
    TCP_HDR_LEN: 20,
    UDP_HDR_LEN: 8,
    ICMP_HDR_LEN: 8,
  }),
  ...numbered('TCP flag.', {
    TCP_FIN: 0x01,
    TCP_SYN: 0x02,
    TCP_RST: 0x04,
    TCP_PSH: 0x08,
    TCP_ACK: 0x10,
    TCP_URG: 0x20,
    TCP_ECE: 0x40,
    TCP_CWR: 0x80,
  }),
  ...numbered('ICMP type.', { ICMP_ECHO_REPLY: 0, ICMP_DEST_UNREACH: 3, ICMP_ECHO_REQUEST: 8, ICMP_TIME_EXCEEDED: 11 }),
  ...numbered('Address family.', { AF_UNSPEC: 0, AF_UNIX: 1, AF_INET: 2, AF_INET6: 10 }),
  ...numbered('Socket type.', { SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_RAW: 3 }),
  ...numbered('Level of a socket option.', { SOL_SOCKET: 1, SOL_IP: 0, SOL_TCP: 6, SOL_UDP: 17, SOL_IPV6: 41 }),
  // include/uapi/linux/if_packet.h
  ...numbered('Packet type of __sk_buff.pkt_type.', {
    PACKET_HOST: 0,
    PACKET_BROADCAST: 1,
    PACKET_MULTICAST: 2,
    PACKET_OTHERHOST: 3,
    PACKET_OUTGOING: 4,
  }),
  // include/uapi/linux/time.h
  ...numbered('Clock of timer_init.', { CLOCK_REALTIME: 0, CLOCK_MONOTONIC: 1, CLOCK_BOOTTIME: 7 }),
} as const

export const CONSTANTS = {
  ...verdicts,
  ...tcActions,
  ...netfilterVerdicts,
  ...mapFlags,
  ...helperFlags,
  ...socketOps,
  ...attachTypes,
  ...protocolNumbers,
  ...numbers,
} as const satisfies Record<string, ConstantRow>

export type ConstantName = keyof typeof CONSTANTS

const byName: ReadonlyMap<string, ConstantName> = new Map(
  Object.entries<ConstantRow>(CONSTANTS).flatMap(([name, row]) =>
    [name, ...(row.aliases ?? [])].map((spelling): [string, ConstantName] => [spelling, name as ConstantName]),
  ),
)

export interface Constant extends ConstantRow {
  readonly name: ConstantName
}

/** By C name (`XDP_PASS`, `ETH_P_IP`) or by Lisp name in any case (`+ip-proto-tcp+`, `+XDP-PASS+`). */
export function constantByName(name: string): Constant | undefined {
  const lisp = /^\+(.+)\+$/.exec(name)
  const key = byName.get(lisp ? lisp[1]!.toUpperCase().replaceAll('-', '_') : name)
  return key === undefined ? undefined : { name: key, ...(CONSTANTS[key] as ConstantRow) }
}

/** Values of several constants as numbers, by name. */
export function constantValues<const K extends ConstantName>(...names: readonly K[]): Readonly<Record<K, number>> {
  return Object.fromEntries(names.map((name) => [name, Number(CONSTANTS[name].value)])) as Record<K, number> // keys are `names`
}
