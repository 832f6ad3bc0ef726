/** Typed arguments of probes and hooks, which this project's development kernel refuses. */
import {
  bpf,
  fentry,
  fexit,
  i32,
  kernel,
  kprobe,
  lsm,
  map,
  object,
  str,
  struct,
  tpBtf,
  u32,
  u64,
} from 'unplugin-bpf/dsl'

const Filename = kernel('filename', { name: u64 })
const Task = kernel('task_struct', {
  tgid: i32,
  comm: str(16),
  realParent: kernel('task_struct', { tgid: i32 }).pointer,
})
const File = kernel('file', { f_mode: u32 })

export const Seen = struct({
  dfd: i32,
  result: i32,
  exec: i32,
  parent: i32,
  name: str(16),
  comm: str(16),
  opens: u64,
  probed: u64,
  modes: u32,
})

const seen = map.array(Seen, { maxEntries: 1 })
const counts = map.hash(u32, u64, { maxEntries: 1024 })

const unlink = kprobe('do_unlinkat', [i32, u64], (dfd, name) => {
  counts.add(u32(bpf.pidTgid() >> 32), 1)
  const out = seen.get(0)
  if (out && dfd === -100 && name !== 0) out.probed += 1
})
const unlinkEntry = fentry('do_unlinkat', [i32, Filename], (dfd, name) => {
  const out = seen.get(0)
  if (!out) return
  out.dfd = dfd
  bpf.probeReadKernelStr(out.name, name.name)
})
const unlinkExit = fexit('do_unlinkat', [i32, Filename], i32, (_dfd, _name, result) => {
  const out = seen.get(0)
  if (out) out.result = result
})
const onExec = tpBtf('sched_process_exec', [Task, i32], (task) => {
  const out = seen.get(0)
  if (!out) return
  out.exec = task.tgid
  out.parent = task.realParent.tgid
  out.comm = task.comm
})
const fileOpen = lsm('file_open', [File], (file) => {
  const out = seen.get(0)
  if (!out) return 0
  out.opens += 1
  out.modes |= file.f_mode
  return 0
})

export default object({
  license: 'GPL',
  maps: { seen, counts },
  programs: { unlink, unlinkEntry, unlinkExit, onExec, fileOpen },
})
