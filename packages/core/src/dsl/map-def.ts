/**
 * What a map or a global variable of a `.bpf.ts` file is, as plain data. The live objects of `map.hash(...)` carry it
 * under DEF and have kernel-side methods that throw when they run.
 */
import type { MapTypeName } from '../tables/map-types.ts'
import type { Type } from '../types/types.ts'

export interface MapDef {
  readonly kind: 'map'
  readonly type: MapTypeName
  /** Key in `object({ maps })`, else the variable that the map was given to; undefined when neither is known. */
  readonly name: string | undefined
  /** Absent for kinds without keys. `u32` for index kinds. */
  readonly key: Type | undefined
  /** Absent for ring buffers and kinds whose values are descriptors (then 4 bytes). */
  readonly value: Type | undefined
  /** Ring buffers and perf event arrays: type of the records. */
  readonly record: Type | undefined
  /** Maps of maps: the template of the inner ones. */
  readonly inner?: MapDef | undefined
  /** First entries by index: maps (maps of maps), or keys of programs in `object({ programs })` (prog arrays). */
  readonly slots?: readonly (MapDef | string | undefined)[] | undefined
  /** Ring buffers: bytes. */
  readonly maxEntries: number
  /** BPF_F_*, those that the kind requires included. */
  readonly flags: number
  readonly pinning: 'byName' | undefined
}

/** `rodata(u32, 1000)`: the loader may set it before load; `global(u64, 0)`: shared memory of all programs. */
export interface GlobalDef {
  readonly kind: 'global'
  readonly section: 'rodata' | 'data'
  /** As for maps. */
  readonly name: string | undefined
  readonly type: Type
  /** Initial value in memory layout. */
  readonly init: Uint8Array
}
