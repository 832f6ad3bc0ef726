/** Helpers that call functions of the program: bpf_loop and bpf_for_each_map_elem (kernel/bpf/bpf_iter.c, 6.18). */
import { ERRNO } from '../errno.ts'
import type { Machine, VmHelper } from '../machine.ts'
import type { VmMap } from '../maps/map.ts'
import { AccessError, type Pair } from '../memory.ts'

/** BPF_MAX_LOOPS, include/linux/bpf.h (6.18). */
const MAX_LOOPS = 8 * 1024 * 1024

const pairOf = (m: Machine, register: number): Pair => ({ lo: m.lo[register]!, hi: m.hi[register]! })

function setPair(m: Machine, register: number, { lo, hi }: Pair): void {
  m.lo[register] = lo
  m.hi[register] = hi
}

const loop: VmHelper = (m) => {
  const rounds = m.u32(1)
  const callback = pairOf(m, 2)
  const context = pairOf(m, 3)
  if (m.u64(4) !== 0n) return m.result(-ERRNO.EINVAL)
  if (rounds > MAX_LOOPS) return m.result(-ERRNO.E2BIG)
  for (let i = 0; i < rounds; i++) {
    const stop = m.callBack(callback, () => {
      setPair(m, 1, { lo: i, hi: 0 })
      setPair(m, 2, context)
    })
    if (stop !== 0) return m.result(i + 1)
  }
  m.result(rounds)
}

const forEach: VmHelper = (m) => {
  const map = m.map(1)
  const callback = pairOf(m, 2)
  const context = pairOf(m, 3)
  if (m.u64(4) !== 0n) return m.result(-ERRNO.EINVAL)
  if (map.values === undefined) throw new AccessError(`${map.spec.type} maps have no entries to walk`)
  const keys = m.memory.add({ kind: 'data', name: 'the key', bytes: map.spec.keySize, access: 'read' })
  let count = 0
  for (const key of keysOf(map)) {
    const at = map.find(key, m.settings.cpu, 'peek')
    // The function may delete entries that come later.
    if (at < 0) continue
    keys.bytes.set(key)
    count++
    const stop = m.callBack(callback, () => {
      m.setPointer(1, map.pointer, 0)
      m.setPointer(2, keys, 0)
      m.setPointer(3, map.values!, at)
      setPair(m, 4, context)
    })
    if (stop !== 0) break
  }
  m.result(count)
}

function keysOf(map: VmMap): Uint8Array[] {
  const keys: Uint8Array[] = []
  for (let key = map.nextKey(undefined); key !== undefined; key = map.nextKey(key)) keys.push(key)
  return keys
}

export const callbackHelpers = { loop, for_each_map_elem: forEach } satisfies Record<string, VmHelper>
