/** CPU, random numbers, the current task, cookies: values that the VM's options decide. */
import { ERRNO } from '../errno.ts'
import type { VmHelper } from '../machine.ts'
import { AccessError } from '../memory.ts'

const pair = (high: number, low: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)

const comm: VmHelper = (m) => {
  const out = m.bytes(1, m.u32(2), 'write')
  const text = new TextEncoder().encode(m.settings.task.comm).subarray(0, Math.max(0, out.length - 1))
  out.fill(0)
  out.set(text)
  m.result(0)
}

const nsPidTgid: VmHelper = (m) => {
  const out = m.bytes(3, m.u32(4), 'write')
  if (out.length !== 8) return m.result(-ERRNO.EINVAL)
  const view = new DataView(out.buffer, out.byteOffset, 8)
  view.setUint32(0, m.settings.task.pid, true)
  view.setUint32(4, m.settings.task.tgid, true)
  m.result(0)
}

/** One program runs at a time: a lock is always free. Its word says so to whoever looks. */
const setLock =
  (word: 0 | 1): VmHelper =>
  (m) => {
    const lock = m.bytes(1, 4, 'write')
    if (lock[0] === word)
      throw new AccessError(word === 1 ? 'the spin lock is held already' : 'the spin lock is not held')
    lock[0] = word
    m.result(0)
  }

export const miscHelpers = {
  spin_lock: setLock(1),
  spin_unlock: setLock(0),
  get_prandom_u32: (m) => m.result(m.random.next()),
  get_smp_processor_id: (m) => m.result(m.settings.cpu),
  get_numa_node_id: (m) => m.result(0),
  get_current_pid_tgid: (m) => m.resultBig(pair(m.settings.task.tgid, m.settings.task.pid)),
  get_current_uid_gid: (m) => m.resultBig(pair(m.settings.task.gid, m.settings.task.uid)),
  get_current_comm: comm,
  get_ns_current_pid_tgid: nsPidTgid,
  get_current_cgroup_id: (m) => m.resultBig(1n),
  get_socket_cookie: (m) => m.resultBig(m.settings.socketCookie),
  get_netns_cookie: (m) => m.resultBig(1n),
  get_socket_uid: (m) => m.result(m.settings.task.uid),
} satisfies Record<string, VmHelper>
