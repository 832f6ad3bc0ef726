/** `map.hash(...)` and its siblings: live map values. What they must say comes from the table of map kinds. */
import { MAP_TYPES, type MapTypeName, type MapTypeRow } from '../tables/map-types.ts'
import { layoutStruct, sizeOf } from '../types/layout.ts'
import { type Type, u32 as u32Type } from '../types/types.ts'
import { typeOf } from './composite.ts'
import { define, expectDef, kernelOnly } from './define.ts'
import type { MapDef } from './map-def.ts'
import type { MapConstructors } from './map-types.ts'
import type { AnySchema } from './types.ts'

/** All that an option object may say; the constructors' types say which ones a kind takes. */
interface Options {
  readonly maxEntries?: number
  readonly bytes?: number
  readonly lru?: boolean
  readonly perCpu?: boolean
  readonly flags?: number
  readonly pinning?: 'byName'
  readonly maps?: readonly unknown[]
  readonly programs?: readonly (string | undefined)[]
}

const METHODS = [
  'get',
  'set',
  'delete',
  'add',
  'has',
  'reserve',
  'output',
  'tailCall',
  'push',
  'pop',
  'peek',
  'getOrCreate',
] as const

function create(type: MapTypeName, parts: Partial<MapDef>, options: Options): unknown {
  const row: MapTypeRow = MAP_TYPES[type]
  const def: MapDef = {
    kind: 'map',
    type,
    name: undefined,
    key: undefined,
    value: undefined,
    record: undefined,
    maxEntries: maxEntries(type, row, options),
    flags: (options.flags ?? 0) | row.requiredFlags,
    pinning: options.pinning,
    ...parts,
  }
  if (def.slots && def.slots.length > def.maxEntries) {
    throw new RangeError(`map.${type}: ${def.slots.length} first entries, but maxEntries is ${def.maxEntries}`)
  }
  const methods = Object.fromEntries(METHODS.map((name) => [name, () => kernelOnly(`${name}() of a map`)]))
  return define(methods, { ...def })
}

function maxEntries(type: MapTypeName, row: MapTypeRow, options: Options): number {
  if (row.maxEntries === 'pageBytes') {
    const bytes = options.bytes ?? options.maxEntries ?? 0
    // ringbuf_map_alloc (kernel/bpf/ringbuf.c, 6.18): a power of two and whole pages
    if (bytes >= 4096 && Number.isInteger(Math.log2(bytes))) return bytes
    throw new RangeError(`map.${type}: bytes must be a power of two and at least 4096, got ${bytes}`)
  }
  const count = options.maxEntries ?? 0
  if (row.maxEntries === 'count' && !(Number.isInteger(count) && count > 0)) {
    throw new RangeError(`map.${type}: maxEntries must be a positive whole number, got ${count}`)
  }
  return count
}

const keyed = (type: MapTypeName) => (key: AnySchema, value: AnySchema, options: Options) =>
  create(type, { key: typeOf(key, `map.${type}, key`), value: typeOf(value, `map.${type}, value`) }, options)
const indexed = (type: MapTypeName) => (value: AnySchema, options: Options) =>
  create(type, { key: u32Type, value: typeOf(value, `map.${type}, value`) }, options)
/** Values are descriptors or settings that programs do not read. */
const indexOnly = (type: MapTypeName) => (options: Options) => create(type, { key: u32Type, value: u32Type }, options)
const keyOnly = (type: MapTypeName) => (key: AnySchema, options: Options) =>
  create(type, { key: typeOf(key, `map.${type}, key`), value: u32Type }, options)
const valueOnly = (type: MapTypeName) => (value: AnySchema, options: Options) =>
  create(type, { value: typeOf(value, `map.${type}, value`) }, options)
/** Per socket, task, inode or cgroup: user space names the owner by a descriptor. */
const storage =
  (type: MapTypeName) =>
  (value: AnySchema, options: Options = {}) =>
    create(type, { key: u32Type, value: typeOf(value, `map.${type}, value`) }, options)
const inner = (type: MapTypeName) => (of: unknown, options: Options) =>
  create(type, { key: u32Type, value: u32Type, ...innerParts(type, of, options) }, options)

/** One level, and no kinds whose use depends on their owner (bpf_map_meta_alloc, kernel/bpf/map_in_map.c, 6.18). */
function innerParts(type: MapTypeName, of: unknown, { maps = [] }: Options): Pick<MapDef, 'inner' | 'slots'> {
  const template = expectDef<MapDef>(of, 'map', `map.${type}`)
  if (template.inner || template.type === 'prog_array') {
    throw new TypeError(`map.${type}: a map of type ${template.type} cannot be in another map`)
  }
  const slots = maps.map((map, i) => {
    if (map === undefined) return undefined
    const def = expectDef<MapDef>(map, 'map', `map.${type}, maps[${i}]`)
    if (shapeOf(def) === shapeOf(template)) return def
    throw new TypeError(`map.${type}, maps[${i}]: ${shapeOf(def)} was given, but the inner map is ${shapeOf(template)}`)
  })
  return { inner: template, ...(slots.length > 0 && { slots }) }
}

const bytesOf = (type: Type | undefined): number => (type ? sizeOf(type) : 0)
const shapeOf = ({ type, key, value, maxEntries, flags }: MapDef): string =>
  `${type} with keys of ${bytesOf(key)} and values of ${bytesOf(value)} bytes` +
  `${type === 'array' ? `, ${maxEntries} entries` : ''}${flags ? `, flags ${flags}` : ''}`

function hash(key: AnySchema, value: AnySchema, options: Options): unknown {
  const type = options.lru ? (options.perCpu ? 'lru_percpu_hash' : 'lru_hash') : options.perCpu ? 'percpu_hash' : 'hash'
  return keyed(type)(key, value, options)
}

/** The kernel's key of an LPM trie: how many bits count, then the data (struct bpf_lpm_trie_key). */
function lpmKey(data: Type): Type {
  return layoutStruct(
    'lpm_key',
    [
      { name: 'prefix_length', type: u32Type },
      { name: 'data', type: data },
    ],
    true,
  )
}

const implementation: { readonly [K in keyof MapConstructors]: (...args: never[]) => unknown } = {
  hash,
  lruHash: keyed('lru_hash'),
  perCpuHash: keyed('percpu_hash'),
  lruPerCpuHash: keyed('lru_percpu_hash'),
  array: (value: AnySchema, options: Options) => indexed(options.perCpu ? 'percpu_array' : 'array')(value, options),
  perCpuArray: indexed('percpu_array'),
  lpmTrie: (data: AnySchema, value: AnySchema, options: Options) =>
    create(
      'lpm_trie',
      { key: lpmKey(typeOf(data, 'map.lpmTrie, key')), value: typeOf(value, 'map.lpmTrie, value') },
      options,
    ),
  ringbuf: (event: AnySchema, options: Options) =>
    create('ringbuf', { record: typeOf(event, 'map.ringbuf, record') }, options),
  userRingbuf: (options: Options) => create('user_ringbuf', {}, options),
  queue: valueOnly('queue'),
  stack: valueOnly('stack'),
  bloomFilter: valueOnly('bloom_filter'),
  progArray: (options: Options) =>
    create(
      'prog_array',
      { key: u32Type, value: u32Type, ...(options.programs && { slots: options.programs }) },
      options,
    ),
  perfEventArray: (event: AnySchema, options: Options = {}) =>
    create('perf_event_array', { key: u32Type, value: u32Type, record: typeOf(event, 'map.perfEventArray') }, options),
  stackTrace: (options: Options & { depth?: number }) =>
    create(
      'stack_trace',
      {
        key: u32Type,
        value: { kind: 'array', element: { kind: 'int', bits: 64, signed: false }, length: options.depth ?? 127 },
      },
      options,
    ),
  cgroupArray: indexOnly('cgroup_array'),
  arrayOfMaps: inner('array_of_maps'),
  hashOfMaps: (key: AnySchema, of: unknown, options: Options) =>
    create(
      'hash_of_maps',
      {
        key: typeOf(key, 'map.hashOfMaps, key'),
        value: u32Type,
        ...innerParts('hash_of_maps', of, {}),
      },
      options,
    ),
  devmap: indexOnly('devmap'),
  devmapHash: keyOnly('devmap_hash'),
  cpumap: indexOnly('cpumap'),
  xskmap: indexOnly('xskmap'),
  sockmap: indexOnly('sockmap'),
  sockhash: keyOnly('sockhash'),
  reuseportSockarray: indexOnly('reuseport_sockarray'),
  skStorage: storage('sk_storage'),
  inodeStorage: storage('inode_storage'),
  taskStorage: storage('task_storage'),
  cgrpStorage: storage('cgrp_storage'),
}

/** Constructors of all map kinds. */
export const map = /*#__PURE__*/ define(implementation, {
  kind: 'intrinsic',
  name: 'map',
}) as unknown as MapConstructors // types in map-types.ts
