// test errors
// A kernel struct is at an address, not at a truth value.
import { kernel, i32, object, tracepoint } from 'unplugin-bpf/dsl'

const Task = kernel('task_struct', { tgid: i32 })
const main = tracepoint('sched/sched_switch', (ctx) => {
  const task = Task.at((ctx.nextPid === 3) as never)
//             ^^^^^^^^ error[wrong-kind]: an address was expected, got a truth value
  return task.tgid
})

export default object({ license: 'GPL', programs: { main } })
