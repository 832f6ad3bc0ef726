/** Helpers of cgroup programs (kernel/bpf/cgroup.c, 6.18). */
import { k, r } from './args.ts'
import { helper } from './row.ts'

export const cgroupHelpers = {
  get_retval: helper({
    args: [],
    ret: r.long,
    effects: { reads: ['kernel'] },
    doc: 'The result that the system call would have now.',
  }),
  set_retval: helper({
    args: [k.int32('retval')],
    ret: r.long,
    effects: { writes: ['kernel'], observable: true },
    doc: 'Sets the result of the system call (0 or a negative error number).',
  }),
  sysctl_get_name: helper({
    args: [k.ctx(), k.write('buf', 2), k.size('buf_len'), k.int('flags')],
    ret: r.long,
    effects: { reads: ['kernel'] },
    doc: 'Name of the sysctl; gives its length.',
  }),
  sysctl_get_current_value: helper({
    args: [k.ctx(), k.write('buf', 2), k.size('buf_len')],
    ret: r.long,
    effects: { reads: ['kernel'], volatile: true },
    doc: 'The present value of the sysctl as text.',
  }),
  sysctl_get_new_value: helper({
    args: [k.ctx(), k.write('buf', 2), k.size('buf_len')],
    ret: r.long,
    effects: { reads: ['kernel'] },
    doc: 'The value that is being written, as text.',
  }),
  sysctl_set_new_value: helper({
    args: [k.ctx(), k.read('buf', 2), k.size('buf_len')],
    ret: r.long,
    effects: { writes: ['kernel'], observable: true },
    doc: 'Replaces the value that is being written.',
  }),
}
