import { array, bpf, i32, kernel, map, object, rawTracepoint, str, struct, u16, u32, u64 } from 'unplugin-bpf/dsl'

export const Seen = struct({
  pid: i32,
  parent: i32,
  grandparent: i32,
  typedPid: i32,
  typedParent: i32,
  depth: u32,
  comm: str(16),
  parentComm: str(16),
  vruntime: u64,
  missing: u32,
  raw: array(u16, 2),
})

const Parent = kernel('task_struct', {
  tgid: i32,
  comm: str(16),
  realParent: kernel('task_struct', { tgid: i32 }).pointer,
})
const Entity = kernel('sched_entity', { vruntime: u64 })
const Task = kernel('task_struct', {
  tgid: i32,
  comm: str(16),
  real_parent: Parent.pointer,
  se: Entity,
  notInThisKernel: u32,
})

const seen = map.array(Seen, { maxEntries: 1 })

const parentOf = (task: { real_parent: { tgid: i32 } }) => task.real_parent

export default object({
  license: 'GPL',
  maps: { seen },
  programs: {
    onExec: rawTracepoint('sched_process_exec', () => {
      const out = seen.get(0)
      if (!out) return 0
      const task = Task.at(bpf.getCurrentTask())
      out.pid = task.tgid
      out.parent = parentOf(task).tgid
      out.grandparent = task.real_parent.realParent.tgid
      out.comm = task.comm
      out.parentComm = task.real_parent.comm
      out.vruntime = task.se.vruntime
      const typed = Task.at(bpf.getCurrentTaskBtf())
      out.typedPid = typed.tgid
      const { real_parent: above } = typed
      out.typedParent = above.tgid
      out.missing = Task.has('notInThisKernel') ? task.notInThisKernel : 42
      let at = Parent.at(task.real_parent)
      let depth: u32 = 0
      for (let i = 0; i < 8; i++) {
        if (!at || at.tgid === 0) break
        depth += 1
        at = Parent.at(at.realParent)
      }
      out.depth = depth
      return 0
    }),
  },
})
