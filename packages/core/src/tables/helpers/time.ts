/** Clocks, random numbers, CPU (kernel/bpf/helpers.c; 6.18). Every result may differ from call to call. */
import { k, r } from './args.ts'
import { helper } from './row.ts'

const VOLATILE = { volatile: true } as const

export const timeHelpers = {
  ktime_get_ns: helper({
    args: [],
    ret: r.u64,
    effects: VOLATILE,
    doc: 'Nanoseconds since boot, without the time asleep (CLOCK_MONOTONIC).',
  }),
  ktime_get_boot_ns: helper({
    args: [],
    ret: r.u64,
    effects: VOLATILE,
    doc: 'Nanoseconds since boot, with the time asleep (CLOCK_BOOTTIME).',
  }),
  ktime_get_coarse_ns: helper({
    args: [],
    ret: r.u64,
    effects: VOLATILE,
    doc: 'Like ktime_get_ns, but cheaper and only as exact as the timer tick.',
  }),
  ktime_get_tai_ns: helper({ args: [], ret: r.u64, effects: VOLATILE, doc: 'Nanoseconds of the TAI clock.' }),
  jiffies64: helper({ args: [], ret: r.u64, effects: VOLATILE, doc: 'Timer ticks since boot.' }),
  get_prandom_u32: helper({ args: [], ret: r.u32, effects: VOLATILE, doc: 'A pseudo-random number.' }),
  get_smp_processor_id: helper({ args: [], ret: r.u32, effects: VOLATILE, doc: 'Number of the current CPU.' }),
  get_numa_node_id: helper({ args: [], ret: r.long, effects: VOLATILE, doc: 'NUMA node of the current CPU.' }),
  per_cpu_ptr: helper({
    args: [k.typed('ptr', 'percpu'), k.int32('cpu')],
    ret: r.kernelPtrOrNull('percpu'),
    doc: 'The copy of a per-CPU variable that a CPU has, or null.',
  }),
  this_cpu_ptr: helper({
    args: [k.typed('ptr', 'percpu')],
    ret: r.kernelPtr('percpu'),
    effects: VOLATILE,
    doc: 'The copy of a per-CPU variable that this CPU has.',
  }),
}
