/**
 * First kernel of each helper. Helpers are numbered in the order in which they came (include/uapi/linux/bpf.h), so a row
 * names only the first one of a release: everything up to the next row came with it. Checked by probing 6.1, 6.12, 6.18.
 */
import { type HelperName, helperId } from './index.ts'

/** [kernel, its first helper], oldest first. */
const FIRST_OF: readonly (readonly [string, HelperName])[] = [
  ['3.19', 'map_lookup_elem'],
  ['4.1', 'probe_read'],
  ['4.2', 'tail_call'],
  ['4.3', 'get_cgroup_classid'],
  ['4.4', 'redirect'],
  ['4.5', 'skb_load_bytes'],
  ['4.6', 'get_stackid'],
  ['4.8', 'skb_change_proto'],
  ['4.9', 'current_task_under_cgroup'],
  ['4.10', 'get_numa_node_id'],
  ['4.11', 'probe_read_str'],
  ['4.12', 'get_socket_cookie'],
  ['4.13', 'set_hash'],
  ['4.14', 'redirect_map'],
  ['4.15', 'xdp_adjust_meta'],
  ['4.16', 'override_return'],
  ['4.17', 'msg_redirect_map'],
  ['4.18', 'xdp_adjust_tail'],
  ['4.19', 'get_local_storage'],
  ['4.20', 'sk_lookup_tcp'],
  ['5.0', 'msg_pop_data'],
  ['5.1', 'spin_lock'],
  ['5.2', 'skc_lookup_tcp'],
  ['5.3', 'send_signal'],
  ['5.4', 'tcp_gen_syncookie'],
  ['5.5', 'skb_output'],
  ['5.6', 'tcp_send_ack'],
  ['5.7', 'read_branch_records'],
  ['5.8', 'ktime_get_boot_ns'],
  ['5.9', 'skc_to_tcp6_sock'],
  ['5.10', 'load_hdr_opt'],
  ['5.11', 'task_storage_get'],
  ['5.12', 'check_mtu'],
  ['5.13', 'for_each_map_elem'],
  ['5.14', 'sys_bpf'],
  ['5.15', 'timer_init'],
  ['5.16', 'get_branch_snapshot'],
  ['5.17', 'find_vma'],
  ['5.18', 'get_retval'],
  ['5.19', 'kptr_xchg'],
  ['6.0', 'tcp_raw_gen_syncookie_ipv4'],
  ['6.1', 'ktime_get_tai_ns'],
  ['6.2', 'cgrp_storage_get'],
]

/** `5.8`. As for program and map types, some distributions' kernels have helpers of later ones. */
export function helperSince(name: HelperName): string {
  const id = helperId(name)
  return FIRST_OF.findLast(([, first]) => helperId(first) <= id)![0]
}
