/**
 * HASH, PERCPU_HASH and their LRU forms (kernel/bpf/hashtab.c 6.18). As in the kernel, an update of a present key of a
 * plain hash puts the value into a spare element, so that a pointer from an earlier lookup still sees the old value;
 * per-CPU values are overwritten in place. LRU forms evict the least recently used entry when full (the kernel's choice
 * is only approximately that). Keys are walked in the order of insertion.
 */
import { ERRNO } from '../errno.ts'
import { writeValue } from './array.ts'
import { HashTable } from './hash-table.ts'
import type { MapInit, VmMap } from './map.ts'
import { addPointer, addValues, strideOf, UPDATE } from './map.ts'
import { FreeSlots, SlotList } from './slots.ts'

export function createHash(init: MapInit, kind: { perCpu: boolean; lru: boolean }): VmMap {
  const { spec } = init
  const cpus = kind.perCpu ? init.cpus : 1
  const valueStride = strideOf(spec)
  const slotBytes = valueStride * cpus
  // One more than entries: the spare one of an update.
  const count = spec.maxEntries + 1
  const values = addValues(init, count * cpus)
  const table = new HashTable(init.memory, spec.keySize, count)
  const free = new FreeSlots()
  const byAge = new SlotList(count)
  const byUse = kind.lru ? new SlotList(count) : undefined
  let entries = 0

  const remove = (slot: number) => {
    table.remove(slot)
    byAge.remove(slot)
    byUse?.remove(slot)
    free.give(slot)
    entries--
  }
  const touch = (slot: number) => {
    byUse?.remove(slot)
    byUse?.append(slot)
  }
  const insert = (key: Uint8Array): number => {
    if (entries >= spec.maxEntries) {
      if (byUse === undefined) return -1
      remove(byUse.first)
    }
    const slot = free.take()
    // Other CPUs' values of a new entry are zero (pcpu_init_value).
    values.bytes.fill(0, slot * slotBytes, (slot + 1) * slotBytes)
    table.insert(slot, key)
    byAge.append(slot)
    byUse?.append(slot)
    entries++
    return slot
  }
  const moveToSpare = (old: number, key: Uint8Array): number => {
    const slot = free.take()
    table.remove(old)
    table.insert(slot, key)
    byAge.replace(old, slot)
    byUse?.replace(old, slot)
    free.give(old)
    return slot
  }

  return {
    spec,
    pointer: addPointer(init),
    values,
    cpuStride: valueStride,
    ...(kind.perCpu || kind.lru ? {} : { table }),
    find(key, cpu, use) {
      const slot = table.find(key)
      if (slot < 0) return -1
      if (use === 'touch') touch(slot)
      return slot * slotBytes + (kind.perCpu ? cpu * valueStride : 0)
    },
    update(key, value, flags, cpu) {
      if (flags > UPDATE.exist) return -ERRNO.EINVAL
      let slot = table.find(key)
      if (slot >= 0 && flags === UPDATE.noExist) return -ERRNO.EEXIST
      if (slot < 0 && flags === UPDATE.exist) return -ERRNO.ENOENT
      if (slot >= 0) {
        if (!kind.perCpu) slot = moveToSpare(slot, key)
        touch(slot)
      } else {
        slot = insert(key)
        if (slot < 0) return -ERRNO.E2BIG
      }
      writeValue(this, slot * slotBytes, value, kind.perCpu ? cpu : 0)
      return 0
    },
    delete(key) {
      const slot = table.find(key)
      if (slot < 0) return -ERRNO.ENOENT
      remove(slot)
      return 0
    },
    nextKey(key) {
      const slot = key === undefined ? -1 : table.find(key)
      // A key that is gone starts the walk again, as in the kernel.
      const next = slot < 0 ? byAge.first : byAge.next(slot)
      return next < 0 ? undefined : table.key(next)
    },
  }
}
