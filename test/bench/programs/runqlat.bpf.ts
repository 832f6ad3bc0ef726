/** Time that tasks wait for a CPU after they were preempted, as a histogram of powers of two of microseconds. */
import { array, bpf, i64, map, object, struct, tracepoint, u8, u32, u64 } from 'unplugin-bpf/dsl'

const SchedSwitch = struct({
  common: array(u8, 24),
  prevPid: u32,
  prevPrio: u32,
  prevState: i64,
  nextComm: array(u8, 16),
  nextPid: u32,
  nextPrio: u32,
})
const LAST_SLOT = 25

const start = map.hash(u32, u64, { maxEntries: 10240 })
const hist = map.array(u64, { maxEntries: LAST_SLOT + 1 })

/** The highest bit, by a binary search over the number of bits. */
const log2Capped = (value: u64): u32 => {
  if (value >= 1 << LAST_SLOT) return LAST_SLOT
  let rest = value
  let slot: u32 = 0
  for (const bits of [16, 8, 4, 2, 1]) {
    if (rest >= 1 << bits) {
      rest >>= bits
      slot += bits
    }
  }
  return slot
}

const runqlat = tracepoint('sched/sched_switch', SchedSwitch, (ctx) => {
  // State 0 is TASK_RUNNING: the task still wants the CPU.
  if (ctx.prevState === 0 && ctx.prevPid) start.set(ctx.prevPid, bpf.ktimeGetNs())
  const since = start.get(ctx.nextPid)
  if (since) {
    const delta = (bpf.ktimeGetNs() - since.value) / 1000
    hist.add(log2Capped(delta), 1)
    start.delete(ctx.nextPid)
  }
  return 0
})

export default object({ license: 'GPL', maps: { start, hist }, programs: { runqlat } })
