// test errors
// A field that the schema of a kernel struct does not have.
import { bpf, i32, kernel, object, tracepoint } from 'unplugin-bpf/dsl'

const Task = kernel('task_struct', { tgid: i32 })
const main = tracepoint('sched/sched_switch', () => {
  const task = Task.at(bpf.getCurrentTask()) as any
  return task.tgidd
//       ^^^^^^^^^^ error[unknown-field]: did you mean `tgid`?
})

export default object({ license: 'GPL', programs: { main } })
