/** Ring buffers, perf event arrays and dynptrs (kernel/bpf/ringbuf.c, kernel/bpf/helpers.c; 6.18). */
import { k, r } from './args.ts'
import { helper } from './row.ts'

export const ringbufHelpers = {
  ringbuf_output: helper({
    args: [k.map('ringbuf'), k.read('data', 2), k.sizeOrZero('size'), k.int('flags')],
    ret: r.long,
    effects: { writes: ['map'], observable: true },
    doc: 'Copies a record into the ring buffer.',
  }),
  ringbuf_reserve: helper({
    args: [k.map('ringbuf'), k.constSize('size'), k.int('flags')],
    ret: r.recordOrNull(1),
    effects: { writes: ['map', 'ringbuf'], observable: true },
    doc: 'Room for a record in the ring buffer, or null; must be submitted or discarded.',
  }),
  ringbuf_submit: helper({
    args: [k.record('data'), k.int('flags')],
    ret: r.void,
    effects: { writes: ['map', 'ringbuf'], observable: true },
    doc: 'Makes a reserved record visible to user space.',
  }),
  ringbuf_discard: helper({
    args: [k.record('data'), k.int('flags')],
    ret: r.void,
    effects: { writes: ['map', 'ringbuf'], observable: true },
    doc: 'Gives a reserved record up; user space skips it.',
  }),
  ringbuf_query: helper({
    args: [k.map('ringbuf'), k.int('flags')],
    ret: r.u64,
    effects: { volatile: true },
    doc: 'Unread bytes, size or positions of the ring buffer.',
  }),
  ringbuf_reserve_dynptr: helper({
    args: [k.map('ringbuf'), k.int32('size'), k.int('flags'), k.typed('ptr', 'bpf_dynptr')],
    ret: r.long,
    effects: { writes: ['map', 'ringbuf', 'stack'], observable: true },
    doc: 'Reserves a record whose size is known only at run time.',
  }),
  ringbuf_submit_dynptr: helper({
    args: [k.typed('ptr', 'bpf_dynptr'), k.int('flags')],
    ret: r.void,
    effects: { reads: ['ringbuf'], writes: ['map', 'ringbuf', 'stack'], observable: true },
    doc: 'Submits a record that was reserved through a dynptr.',
  }),
  ringbuf_discard_dynptr: helper({
    args: [k.typed('ptr', 'bpf_dynptr'), k.int('flags')],
    ret: r.void,
    effects: { reads: ['ringbuf'], writes: ['map', 'ringbuf', 'stack'], observable: true },
    doc: 'Discards a record that was reserved through a dynptr.',
  }),
  user_ringbuf_drain: helper({
    args: [
      k.map('user_ringbuf'),
      k.typed('callback', 'func'),
      k.typed('callback_ctx', 'stack_or_null'),
      k.int('flags'),
    ],
    ret: r.long,
    effects: { writes: ['map', 'mapValue', 'stack', 'ringbuf', 'packet', 'kernel'], observable: true },
    doc: 'Calls a function of the program for every record that user space has written.',
  }),
  perf_event_output: helper({
    args: [k.ctx(), k.map('perf_event_array'), k.int('flags'), k.read('data', 4), k.sizeOrZero('size')],
    ret: r.long,
    effects: { reads: ['packet'], writes: ['map'], observable: true },
    gplOnly: true,
    doc: 'Writes a record to the perf event of a CPU; packet programs can append packet bytes.',
  }),
  perf_event_read: helper({
    args: [k.map('perf_event_array'), k.int('flags')],
    ret: r.u64,
    effects: { volatile: true },
    gplOnly: true,
    doc: 'Counter of a perf event; errors cannot be told from values, see perf_event_read_value.',
  }),
  perf_event_read_value: helper({
    args: [k.map('perf_event_array'), k.int('flags'), k.write('buf', 3), k.size('size')],
    ret: r.long,
    effects: { volatile: true },
    gplOnly: true,
    doc: 'Counter, enabled and running time of a perf event (24 bytes).',
  }),
  perf_prog_read_value: helper({
    args: [k.ctx(), k.write('buf', 2), k.size('size')],
    ret: r.long,
    effects: { volatile: true },
    gplOnly: true,
    doc: 'Counter, enabled and running time of the perf event that the program is attached to.',
  }),
  skb_output: helper({
    args: [
      k.typed('ctx', 'sk_buff'),
      k.map('perf_event_array'),
      k.int('flags'),
      k.read('data', 4),
      k.sizeOrZero('size'),
    ],
    ret: r.long,
    effects: { reads: ['packet'], writes: ['map'], observable: true },
    gplOnly: true,
    doc: 'perf_event_output for tracing programs that have an skb.',
  }),
  xdp_output: helper({
    args: [
      k.typed('ctx', 'xdp_buff'),
      k.map('perf_event_array'),
      k.int('flags'),
      k.read('data', 4),
      k.sizeOrZero('size'),
    ],
    ret: r.long,
    effects: { reads: ['packet'], writes: ['map'], observable: true },
    gplOnly: true,
    doc: 'perf_event_output for tracing programs that have an XDP buffer.',
  }),
  dynptr_from_mem: helper({
    args: [k.typed('data', 'map_value'), k.int32('size'), k.int('flags'), k.typed('ptr', 'bpf_dynptr')],
    ret: r.long,
    effects: { writes: ['stack'] },
    doc: 'Makes a dynptr for memory of a map value.',
  }),
  dynptr_read: helper({
    args: [k.write('dst', 1), k.sizeOrZero('len'), k.typed('src', 'bpf_dynptr'), k.int32('offset'), k.int('flags')],
    ret: r.long,
    effects: { reads: ['ringbuf', 'packet'] },
    doc: 'Copies bytes out of a dynptr.',
  }),
  dynptr_write: helper({
    args: [k.typed('dst', 'bpf_dynptr'), k.int32('offset'), k.read('src', 3), k.sizeOrZero('len'), k.int('flags')],
    ret: r.long,
    // Whether packet pointers survive depends on what is behind the dynptr; the safe answer is no.
    effects: { writes: ['mapValue', 'ringbuf', 'packet'], invalidatesPacket: true },
    doc: 'Copies bytes into a dynptr.',
  }),
  dynptr_data: helper({
    args: [k.typed('ptr', 'bpf_dynptr'), k.int32('offset'), k.constSize('len')],
    ret: { kind: 'ptr', space: 'ringbuf', nullable: true },
    doc: 'Pointer to bytes of a dynptr, or null.',
  }),
}
