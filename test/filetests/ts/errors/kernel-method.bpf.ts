// test errors
// Kernel structs have two methods.
import { i32, kernel, object, tracepoint } from 'unplugin-bpf/dsl'

const Task = kernel('task_struct', { tgid: i32 }) as any
const main = tracepoint('sched/sched_switch', () => {
  return Task.of(1).tgid
//       ^^^^^^^^^^ error[unknown-form]: at(address)
})

export default object({ license: 'GPL', programs: { main } })
