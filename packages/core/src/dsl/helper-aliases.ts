/** Short names of much used helpers under `bpf.*`, besides the camel case of every helper's own name. */
import type { HelperName } from '../tables/helpers/index.ts'

export const HELPER_ALIASES = {
  pidTgid: 'get_current_pid_tgid',
  uidGid: 'get_current_uid_gid',
  comm: 'get_current_comm',
  cpu: 'get_smp_processor_id',
  random: 'get_prandom_u32',
  readUser: 'probe_read_user',
  readUserStr: 'probe_read_user_str',
  readKernel: 'probe_read_kernel',
  readKernelStr: 'probe_read_kernel_str',
  printk: 'trace_printk',
} as const satisfies Record<string, HelperName>
