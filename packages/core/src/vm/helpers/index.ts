/**
 * What the VM does for each helper, by number: BEHAVIOUR has an entry for all that the kernel has, so that a new helper in
 * the tables is a type error here until it is simulated or refused by name.
 */
import type { HelperName } from '../../tables/helpers/index.ts'
import { HELPER_NAMES, helperId } from '../../tables/helpers/index.ts'
import type { VmHelper } from '../machine.ts'
import { AccessError } from '../memory.ts'
import { callbackHelpers } from './callback.ts'
import { checksumHelpers } from './checksum.ts'
import { mapHelpers } from './map.ts'
import { miscHelpers } from './misc.ts'
import { numberHelpers } from './number.ts'
import { ringbufHelpers } from './ringbuf.ts'
import { skbHelpers } from './skb.ts'
import { storageHelpers } from './storage.ts'
import { timeHelpers } from './time.ts'
import { timerHelpers } from './timer.ts'
import { traceHelpers } from './trace.ts'
import { vlanHelpers } from './vlan.ts'
import { xdpHelpers } from './xdp.ts'

const SIMULATED = {
  ...mapHelpers,
  ...ringbufHelpers,
  ...traceHelpers,
  ...timeHelpers,
  ...miscHelpers,
  ...skbHelpers,
  ...xdpHelpers,
  ...checksumHelpers,
  ...callbackHelpers,
  ...timerHelpers,
  ...numberHelpers,
  ...vlanHelpers,
  ...storageHelpers,
} satisfies Partial<Record<HelperName, VmHelper>>

/** They need a kernel: sockets, tasks, BTF objects, timers, callbacks, or a device. */
const NOT_SIMULATED = [
  'clone_redirect',
  'get_cgroup_classid',
  'skb_get_tunnel_key',
  'skb_set_tunnel_key',
  'perf_event_read',
  'get_route_realm',
  'get_stackid',
  'skb_get_tunnel_opt',
  'skb_set_tunnel_opt',
  'skb_change_proto',
  'skb_change_type',
  'skb_under_cgroup',
  'probe_write_user',
  'current_task_under_cgroup',
  'csum_update',
  'set_hash',
  'setsockopt',
  'skb_adjust_room',
  'sk_redirect_map',
  'sock_map_update',
  'perf_event_read_value',
  'perf_prog_read_value',
  'getsockopt',
  'override_return',
  'sock_ops_cb_flags_set',
  'msg_redirect_map',
  'msg_apply_bytes',
  'msg_cork_bytes',
  'msg_pull_data',
  'bind',
  'skb_get_xfrm_state',
  'get_stack',
  'fib_lookup',
  'sock_hash_update',
  'msg_redirect_hash',
  'sk_redirect_hash',
  'lwt_push_encap',
  'lwt_seg6_store_bytes',
  'lwt_seg6_adjust_srh',
  'lwt_seg6_action',
  'rc_repeat',
  'rc_keydown',
  'skb_cgroup_id',
  'get_local_storage',
  'sk_select_reuseport',
  'skb_ancestor_cgroup_id',
  'sk_lookup_tcp',
  'sk_lookup_udp',
  'sk_release',
  'msg_push_data',
  'msg_pop_data',
  'rc_pointer_rel',
  'sk_fullsock',
  'tcp_sock',
  'skb_ecn_set_ce',
  'get_listener_sock',
  'skc_lookup_tcp',
  'tcp_check_syncookie',
  'sysctl_get_name',
  'sysctl_get_current_value',
  'sysctl_get_new_value',
  'sysctl_set_new_value',
  'send_signal',
  'tcp_gen_syncookie',
  'skb_output',
  'tcp_send_ack',
  'send_signal_thread',
  'read_branch_records',
  'xdp_output',
  'get_current_ancestor_cgroup_id',
  'sk_assign',
  'seq_printf',
  'seq_write',
  'sk_cgroup_id',
  'sk_ancestor_cgroup_id',
  'csum_level',
  'skc_to_tcp6_sock',
  'skc_to_tcp_sock',
  'skc_to_tcp_timewait_sock',
  'skc_to_tcp_request_sock',
  'skc_to_udp6_sock',
  'get_task_stack',
  'load_hdr_opt',
  'store_hdr_opt',
  'reserve_hdr_opt',
  'd_path',
  'copy_from_user',
  'snprintf_btf',
  'seq_printf_btf',
  'skb_cgroup_classid',
  'redirect_neigh',
  'per_cpu_ptr',
  'this_cpu_ptr',
  'redirect_peer',
  'bprm_opts_set',
  'ima_inode_hash',
  'sock_from_file',
  'check_mtu',
  'sys_bpf',
  'btf_find_by_name_kind',
  'sys_close',
  'get_func_ip',
  'get_attach_cookie',
  'task_pt_regs',
  'get_branch_snapshot',
  'skc_to_unix_sock',
  'kallsyms_lookup_name',
  'find_vma',
  'get_func_arg',
  'get_func_ret',
  'get_func_arg_cnt',
  'get_retval',
  'set_retval',
  'copy_from_user_task',
  'skb_set_tstamp',
  'ima_file_hash',
  'kptr_xchg',
  'skc_to_mptcp_sock',
  'dynptr_from_mem',
  'ringbuf_reserve_dynptr',
  'ringbuf_submit_dynptr',
  'ringbuf_discard_dynptr',
  'dynptr_read',
  'dynptr_write',
  'dynptr_data',
  'tcp_raw_gen_syncookie_ipv4',
  'tcp_raw_gen_syncookie_ipv6',
  'tcp_raw_check_syncookie_ipv4',
  'tcp_raw_check_syncookie_ipv6',
  'user_ringbuf_drain',
] as const satisfies readonly HelperName[]

/** A helper that is not simulated faults and says so. */
function refusals<N extends Exclude<HelperName, keyof typeof SIMULATED>>(names: readonly N[]): Record<N, VmHelper> {
  const refusal = (name: N): [N, VmHelper] => [
    name,
    () => {
      throw new AccessError(`the VM does not simulate the helper ${name}`)
    },
  ]
  return Object.fromEntries(names.map(refusal)) as Record<N, VmHelper> // one entry for each name
}

/** What every helper of the kernel does in the VM. */
const BEHAVIOUR = { ...SIMULATED, ...refusals(NOT_SIMULATED) } satisfies Record<HelperName, VmHelper>

export const HELPERS_BY_ID: ReadonlyMap<number, VmHelper> = new Map(
  HELPER_NAMES.map((name) => [helperId(name), BEHAVIOUR[name]]),
)
