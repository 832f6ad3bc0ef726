// test errors
// Kernel memory is read-only.
import { bpf, i32, kernel, object, tracepoint } from 'unplugin-bpf/dsl'

const Task = kernel('task_struct', { tgid: i32 })
const main = tracepoint('sched/sched_switch', () => {
  const task = Task.at(bpf.getCurrentTask()) as { tgid: number }
  task.tgid = 1
//^^^^^^^^^^^^^ error[read-only-field]: kernel memory cannot be assigned
  return 0
})

export default object({ license: 'GPL', programs: { main } })
