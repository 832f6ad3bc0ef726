/** Text, loops, system calls, infrared (kernel/bpf/helpers.c, syscall.c; drivers/media/rc/bpf-lirc.c; 6.18). */
import { k, r } from './args.ts'
import { helper } from './row.ts'

const INFRARED = { writes: ['kernel'], observable: true } as const

export const miscHelpers = {
  strtol: helper({
    args: [k.read('buf', 1), k.size('buf_len'), k.int('flags'), k.writeBytes('res', 8)],
    ret: r.long,
    doc: 'Reads a signed number from text; gives the number of characters.',
  }),
  strtoul: helper({
    args: [k.read('buf', 1), k.size('buf_len'), k.int('flags'), k.writeBytes('res', 8)],
    ret: r.long,
    doc: 'Reads an unsigned number from text; gives the number of characters.',
  }),
  strncmp: helper({
    args: [k.read('s1', 1), k.size('s1_size'), k.typed('s2', 'const_str')],
    ret: r.long,
    doc: 'Compares text with a constant string of a read-only map.',
  }),
  snprintf: helper({
    args: [
      k.writeOrNull('str', 1),
      k.sizeOrZero('str_size'),
      k.typed('fmt', 'const_str'),
      k.readOrNull('data', 4),
      k.sizeOrZero('data_len'),
    ],
    ret: r.long,
    effects: { reads: ['kernel'] },
    gplOnly: true,
    doc: 'Formats an array of 64-bit numbers; the format is a constant string of a read-only map.',
  }),
  loop: helper({
    args: [k.int32('nr_loops'), k.typed('callback', 'func'), k.typed('callback_ctx', 'stack_or_null'), k.int('flags')],
    ret: r.long,
    effects: { writes: ['map', 'mapValue', 'stack', 'ringbuf', 'packet', 'kernel'], observable: true },
    doc: 'Calls a function of the program a number of times.',
  }),
  sys_bpf: helper({
    args: [k.int32('cmd'), k.read('attr', 2), k.size('attr_size')],
    ret: r.long,
    effects: { writes: ['map', 'mapValue', 'kernel', 'stack'], observable: true },
    sleepable: true,
    doc: 'The bpf system call, from a syscall program.',
  }),
  sys_close: helper({
    args: [k.int32('fd')],
    ret: r.long,
    effects: { writes: ['kernel'], observable: true },
    doc: 'Closes a file descriptor.',
  }),
  btf_find_by_name_kind: helper({
    args: [k.read('name', 1), k.size('name_size'), k.int32('kind'), k.int32('flags')],
    ret: r.long,
    effects: { reads: ['kernel'] },
    doc: 'BTF id of a type of the kernel by name and kind.',
  }),
  kallsyms_lookup_name: helper({
    args: [k.read('name', 1), k.sizeOrZero('name_size'), k.int32('flags'), k.writeBytes('res', 8)],
    ret: r.long,
    effects: { reads: ['kernel'] },
    doc: 'Address of a kernel symbol.',
  }),
  rc_repeat: helper({
    args: [k.ctx()],
    ret: r.long,
    effects: INFRARED,
    gplOnly: true,
    doc: 'Infrared: reports a repeated key.',
  }),
  rc_keydown: helper({
    args: [k.ctx(), k.int32('protocol'), k.int('scancode'), k.int32('toggle')],
    ret: r.long,
    effects: INFRARED,
    gplOnly: true,
    doc: 'Infrared: reports a pressed key.',
  }),
  rc_pointer_rel: helper({
    args: [k.ctx(), k.int32('rel_x'), k.int32('rel_y')],
    ret: r.long,
    effects: INFRARED,
    gplOnly: true,
    doc: 'Infrared: reports a movement of a pointer.',
  }),
}
