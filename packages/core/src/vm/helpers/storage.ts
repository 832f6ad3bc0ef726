/** Local storage of tasks, sockets, inodes and cgroups (kernel/bpf/bpf_task_storage.c and its siblings, 6.18). */
import { ERRNO } from '../errno.ts'
import type { Machine, VmHelper } from '../machine.ts'
import { indexKey, type VmMap } from '../maps/map.ts'
import { AccessError } from '../memory.ts'

/** BPF_LOCAL_STORAGE_GET_F_CREATE. */
const CREATE = 1n

/**
 * Key of the owner that a register points to: the pid for the current task, the low half of the address of an object that
 * the test has placed; undefined for null.
 */
function ownerOf(m: Machine, register: number): Uint8Array | undefined {
  if (m.lo[register] === 0 && m.hi[register] === 0) return undefined
  const region = m.memory.find(m.hi[register]!)
  if (region === undefined || m.lo[register] !== (region.base | 0)) {
    throw new AccessError(`r${register} is not a kernel object that can have storage`)
  }
  return indexKey(region === m.currentTask ? m.settings.task.pid : region.base)
}

function storageOf(m: Machine): VmMap {
  const map = m.map(1)
  if (!map.spec.type.endsWith('_storage')) throw new AccessError(`map ${map.spec.name} is no local storage`)
  return map
}

const get: VmHelper = (m) => {
  const map = storageOf(m)
  const owner = ownerOf(m, 2)
  const flags = m.u64(4)
  if (owner === undefined || (flags & ~CREATE) !== 0n) return m.result(0)
  let at = map.find(owner, 0, 'peek')
  if (at < 0 && flags === CREATE) {
    const isGiven = m.lo[3] !== 0 || m.hi[3] !== 0
    const first = isGiven ? m.bytes(3, map.spec.valueSize, 'read').slice() : new Uint8Array(map.spec.valueSize)
    at = map.update(owner, first, 0, 0) === 0 ? map.find(owner, 0, 'peek') : -1
  }
  if (at < 0) m.result(0)
  else m.setPointer(0, map.values!, at)
}

const remove: VmHelper = (m) => {
  const map = storageOf(m)
  const owner = ownerOf(m, 2)
  m.result(owner === undefined ? -ERRNO.EINVAL : map.delete(owner))
}

const currentTask: VmHelper = (m) => m.setPointer(0, m.currentTask, 0)

export const storageHelpers = {
  task_storage_get: get,
  task_storage_delete: remove,
  sk_storage_get: get,
  sk_storage_delete: remove,
  inode_storage_get: get,
  inode_storage_delete: remove,
  cgrp_storage_get: get,
  cgrp_storage_delete: remove,
  get_current_task: currentTask,
  get_current_task_btf: currentTask,
} satisfies Record<string, VmHelper>
