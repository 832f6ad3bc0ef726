/**
 * What all map kinds of the VM offer to helpers and to user space. Values lie in one region per map, so that a program
 * may hold a pointer to one; `find` gives the offset of a value there. Results are 0 or a negative errno, as in the
 * kernel.
 */
import type { MapSpec } from '../../object/object.ts'
import type { Code } from '../code.ts'
import type { Memory, Region } from '../memory.ts'
import type { HashLayout } from './hash-table.ts'

/** Flags of an update, include/uapi/linux/bpf.h. */
export const UPDATE = { any: 0, noExist: 1, exist: 2 } as const

export interface VmMap {
  readonly spec: MapSpec
  /** What an ld_imm64 of the map loads: a region without access. */
  readonly pointer: Region
  /** Region of the values; absent for maps without readable values. */
  readonly values?: Region
  /** Per-CPU maps: bytes from one CPU's value to the next. */
  readonly cpuStride: number
  /** Offset of the value in `values` for the CPU, or -1. `touch`: counts as a use (LRU). */
  find(key: Uint8Array, cpu: number, use: 'touch' | 'peek'): number
  /** `value` has one value, or one per CPU for `cpu` -1. */
  update(key: Uint8Array, value: Uint8Array, flags: number, cpu: number): number
  delete(key: Uint8Array): number
  nextKey(key: Uint8Array | undefined): Uint8Array | undefined
  /** Plain hash maps: where translated programs look keys up. A slot's value lies at slot * stride. */
  readonly table?: HashLayout
  /** Prog arrays. */
  readonly programs?: (Code | undefined)[]
  /** Maps of maps: what is behind a key. */
  readonly maps?: VmMapEntries
  /** Ring buffers. */
  readonly ring?: VmRing
  /** Perf event arrays. */
  readonly perf?: VmPerfBuffer
  /** Queues and stacks. */
  readonly queue?: VmQueue
  /** Bloom filters. */
  readonly filter?: VmFilter
}

export interface VmFilter {
  /** 0 or a negative errno. */
  add(value: Uint8Array, flags: number): number
  has(value: Uint8Array): boolean
}

export interface VmMapEntries {
  get(key: Uint8Array): VmMap | undefined
  /** 0 or a negative errno. */
  set(key: Uint8Array, map: VmMap, flags: number): number
}

export interface VmQueue {
  push(value: Uint8Array, flags: number): number
  /** Fills `out` with zeros and returns -ENOENT when there is none. */
  pop(out: Uint8Array): number
  peek(out: Uint8Array): number
}

/** The producer side that helpers use; see ringbuf.ts. */
export interface VmRing {
  reserve(size: number): VmRecord | undefined
  query(what: number): number
}

export interface VmPerfBuffer {
  /** False when there is no room. */
  write(record: Uint8Array): boolean
}

export interface VmRecord {
  readonly bytes: Uint8Array
  commit(as: 'ready' | 'discarded'): void
}

export interface MapInit {
  readonly spec: MapSpec
  readonly memory: Memory
  readonly cpus: number
}

export function addPointer({ spec, memory }: MapInit): Region {
  return memory.add({ kind: 'map', name: `map ${spec.name}`, bytes: 8, access: 'none', lifetime: 'kept' })
}

/** Kernel maps keep every value on its own multiple of 8 bytes. */
export function strideOf(spec: MapSpec): number {
  return Math.ceil(spec.valueSize / 8) * 8
}

export function addValues({ spec, memory }: MapInit, count: number): Region {
  const stride = strideOf(spec)
  return memory.add({
    kind: 'mapValue',
    name: `a value of map ${spec.name}`,
    bytes: stride * count,
    access: 'readWrite',
    stride,
    elementSize: spec.valueSize,
    lifetime: 'kept',
  })
}

/** The u32 index of an array key. */
export function indexOf(key: Uint8Array): number {
  return (key[0]! | (key[1]! << 8) | (key[2]! << 16) | (key[3]! << 24)) >>> 0
}

export function indexKey(index: number): Uint8Array {
  return Uint8Array.of(index, index >>> 8, index >>> 16, index >>> 24)
}

/** Next index as a key: the order of array maps (array_map_get_next_key, kernel/bpf/arraymap.c 6.18). */
export function nextIndex(key: Uint8Array | undefined, maxEntries: number): Uint8Array | undefined {
  const index = key === undefined ? maxEntries : indexOf(key)
  if (index >= maxEntries) return indexKey(0)
  return index === maxEntries - 1 ? undefined : indexKey(index + 1)
}
