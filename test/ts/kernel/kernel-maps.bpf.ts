import { array, bpf, map, object, rawTracepoint, struct, u8, u32, u64, XDP, xdp } from 'unplugin-bpf/dsl'

const First = array(u8, 4)
export const Sample = struct({ length: u32, first: First })
export const Seen = struct({ runs: u64 })
const samples = map.perfEventArray(Sample)
const known = map.bloomFilter(u32, { maxEntries: 64 })
const perTask = map.taskStorage(Seen)
const waiting = map.queue(u32, { maxEntries: 2 })
const results = map.array(u64, { maxEntries: 2 })

export default object({
  license: 'GPL',
  maps: { samples, known, waiting, results, perTask },
  programs: {
    sample: xdp((ctx) => {
      const first = ctx.at(First, 0)
      if (!first) return XDP.PASS
      samples.output(ctx, Sample({ length: ctx.length, first }))
      return XDP.PASS
    }),
    bloom: xdp((ctx) => {
      if (known.has(ctx.length)) return XDP.DROP
      known.push(ctx.length)
      waiting.push(ctx.length)
      return XDP.PASS
    }),
    onExit: rawTracepoint('sched_process_exec', () => {
      const task = bpf.getCurrentTaskBtf()
      const seen = perTask.getOrCreate(task)
      if (seen) seen.runs += 1
      const again = perTask.get(task)
      if (again) results.add(0, again.runs)
      perTask.delete(task)
      if (!perTask.get(task)) results.add(1, 1)
      return 0
    }),
  },
})
