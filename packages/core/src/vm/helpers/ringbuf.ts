/** Ring buffer helpers (kernel/bpf/ringbuf.c 6.18). Records are memory of their own until submitted or discarded. */
import { ERRNO } from '../errno.ts'
import type { Machine, VmHelper } from '../machine.ts'
import type { VmRing } from '../maps/map.ts'
import { AccessError } from '../memory.ts'

/** BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP. */
const WAKEUP_FLAGS = 3

function ringOf(m: Machine): VmRing {
  const map = m.map(1)
  if (map.ring === undefined) throw new AccessError(`map ${map.spec.name} is no ring buffer`)
  return map.ring
}

const reserve: VmHelper = (m) => {
  const ring = ringOf(m)
  const record = m.u64(3) === 0n && m.hi[2] === 0 ? ring.reserve(m.u32(2)) : undefined
  if (record === undefined) return m.result(0)
  const region = m.memory.add({
    kind: 'record',
    name: `a record of ring buffer ${m.map(1).spec.name}`,
    bytes: record.bytes.length,
    access: 'readWrite',
  })
  m.run.records.set(region, record)
  m.setPointer(0, region, 0)
}

const release =
  (as: 'ready' | 'discarded'): VmHelper =>
  (m) => {
    const region = m.memory.find(m.hi[1]!)
    const record = region && m.run.records.get(region)
    if (region === undefined || record === undefined || m.lo[1] !== (region.base | 0)) {
      throw new AccessError('r1 is not the start of a reserved ring buffer record')
    }
    m.run.records.delete(region)
    record.bytes.set(region.bytes)
    m.memory.remove(region)
    record.commit(as)
    m.result(0)
  }

const output: VmHelper = (m) => {
  const ring = ringOf(m)
  const data = m.bytes(2, m.u32(3), 'read')
  if (m.hi[4] !== 0 || (m.u32(4) & ~WAKEUP_FLAGS) !== 0) return m.result(-ERRNO.EINVAL)
  const record = ring.reserve(data.length)
  if (record === undefined) return m.result(-ERRNO.EAGAIN)
  record.bytes.set(data)
  record.commit('ready')
  m.result(0)
}

export const ringbufHelpers = {
  ringbuf_reserve: reserve,
  ringbuf_submit: release('ready'),
  ringbuf_discard: release('discarded'),
  ringbuf_output: output,
  ringbuf_query: (m) => m.result(ringOf(m).query(m.hi[2] === 0 ? m.u32(2) : -1)),
} satisfies Record<string, VmHelper>
