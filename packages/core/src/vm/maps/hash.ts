/**
 * HASH, PERCPU_HASH and their LRU forms (kernel/bpf/hashtab.c 6.18). As in the kernel, an update of a present key of a
 * plain hash puts the value into a spare element, so that a pointer from an earlier lookup still sees the old value;
 * per-CPU values are overwritten in place. LRU forms evict the least recently used entry when full (the kernel's choice
 * is only approximately that). Keys are walked in the order of insertion.
 */
import { ERRNO } from '../errno.ts'
import { replaceBytes } from '../memory.ts'
import { writeValue } from './array.ts'
import type { MapInit, VmMap } from './map.ts'
import { addPointer, addValues, strideOf, UPDATE } from './map.ts'

interface Entry {
  readonly id: string | number
  readonly key: Uint8Array
  slot: number
  /** Neighbours in order of insertion. */
  previous: Entry | undefined
  next: Entry | undefined
}

/** Short keys as numbers, longer ones as strings of their bytes. */
export function keyId(key: Uint8Array): string | number {
  if (key.length <= 4) {
    let id = 0
    for (let i = key.length - 1; i >= 0; i--) id = id * 256 + key[i]!
    return id
  }
  let id = ''
  for (let i = 0; i < key.length; i++) id += String.fromCharCode(key[i]!)
  return id
}

/** Value slots: handed out, taken back, grown on demand up to `max` + 1 (the spare one). */
class Slots {
  private readonly free: number[] = []
  private used = 0
  private capacity: number
  private readonly grow: (count: number) => void

  constructor(first: number, grow: (count: number) => void) {
    this.capacity = first
    this.grow = grow
  }

  take(): number {
    const slot = this.free.pop()
    if (slot !== undefined) return slot
    if (this.used === this.capacity) {
      this.capacity *= 2
      this.grow(this.capacity)
    }
    return this.used++
  }

  give(slot: number): void {
    this.free.push(slot)
  }
}

export function createHash(init: MapInit, kind: { perCpu: boolean; lru: boolean }): VmMap {
  const { spec } = init
  const cpus = kind.perCpu ? init.cpus : 1
  const valueStride = strideOf(spec)
  const slotBytes = valueStride * cpus
  const first = Math.min(spec.maxEntries + 1, 64)
  const values = addValues(init, first * cpus)
  const slots = new Slots(first, (count) => {
    const bytes = new Uint8Array(count * slotBytes)
    bytes.set(values.bytes)
    replaceBytes(values, bytes)
  })
  // A JavaScript Map keeps the order of insertion: for LRU, re-inserting on use makes it the order of use.
  const entries = new Map<string | number, Entry>()
  const list = new EntryList()

  const remove = (entry: Entry) => {
    entries.delete(entry.id)
    list.remove(entry)
    slots.give(entry.slot)
  }
  const touch = (entry: Entry) => {
    entries.delete(entry.id)
    entries.set(entry.id, entry)
  }
  const insert = (id: string | number, key: Uint8Array): Entry | undefined => {
    if (entries.size >= spec.maxEntries) {
      if (!kind.lru) return undefined
      remove(entries.values().next().value!)
    }
    const entry: Entry = { id, key: key.slice(), slot: slots.take(), previous: undefined, next: undefined }
    // Other CPUs' values of a new entry are zero (pcpu_init_value).
    values.bytes.fill(0, entry.slot * slotBytes, (entry.slot + 1) * slotBytes)
    entries.set(id, entry)
    list.append(entry)
    return entry
  }

  return {
    spec,
    pointer: addPointer(init),
    values,
    cpuStride: valueStride,
    find(key, cpu, use) {
      const entry = entries.get(keyId(key))
      if (entry === undefined) return -1
      if (kind.lru && use === 'touch') touch(entry)
      return entry.slot * slotBytes + (kind.perCpu ? cpu * valueStride : 0)
    },
    update(key, value, flags, cpu) {
      if (flags > UPDATE.exist) return -ERRNO.EINVAL
      const id = keyId(key)
      let entry = entries.get(id)
      if (entry !== undefined && flags === UPDATE.noExist) return -ERRNO.EEXIST
      if (entry === undefined && flags === UPDATE.exist) return -ERRNO.ENOENT
      if (entry !== undefined) {
        if (!kind.perCpu) {
          const old = entry.slot
          entry.slot = slots.take()
          slots.give(old)
        }
        if (kind.lru) touch(entry)
      } else {
        entry = insert(id, key)
        if (entry === undefined) return -ERRNO.E2BIG
      }
      writeValue(this, entry.slot * slotBytes, value, kind.perCpu ? cpu : 0)
      return 0
    },
    delete(key) {
      const entry = entries.get(keyId(key))
      if (entry === undefined) return -ERRNO.ENOENT
      remove(entry)
      return 0
    },
    nextKey(key) {
      const entry = key === undefined ? undefined : entries.get(keyId(key))
      // A key that is gone starts the walk again, as in the kernel.
      return (entry === undefined ? list.first : entry.next)?.key.slice()
    },
  }
}

class EntryList {
  first: Entry | undefined
  private last: Entry | undefined

  append(entry: Entry): void {
    entry.previous = this.last
    if (this.last === undefined) this.first = entry
    else this.last.next = entry
    this.last = entry
  }

  remove(entry: Entry): void {
    if (entry.previous === undefined) this.first = entry.next
    else entry.previous.next = entry.next
    if (entry.next === undefined) this.last = entry.previous
    else entry.next.previous = entry.previous
  }
}
