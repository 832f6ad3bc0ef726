/** The handle of a map, by the kind that the table of map types gives it. */
import { assertNever } from '../diag/diagnostic.ts'
import { MAP_TYPES, type MapTypeName, type MapTypeRow } from '../tables/map-types.ts'
import { u32, u64 } from '../types/types.ts'
import { ArrayMapHandle, PerCpuArrayMapHandle } from './array-handle.ts'
import type { MapBackend, ProgramBackend } from './backend.ts'
import { type Codec, codecFor } from './codec.ts'
import { bytesCodec, type MapInit, type ObjectState } from './handle.ts'
import { HashMapHandle, PerCpuHashMapHandle } from './hash-handle.ts'
import { BloomFilterHandle, QueueMapHandle } from './keyless-handle.ts'
import { LpmMapHandle } from './lpm-handle.ts'
import { lpmKeyCodec } from './lpm-key.ts'
import { MapOfMapsHandle } from './map-of-maps-handle.ts'
import { ProgArrayMapHandle } from './prog-array-handle.ts'
import { RingBufferHandle } from './ring-handle.ts'
import { StorageMapHandle } from './storage-handle.ts'
import { DescriptorMapHandle, TargetMapHandle } from './target-handle.ts'
import type { MapHandle, ProgramHandle } from './types.ts'
import { UserRingHandle } from './user-ring-handle.ts'

/** What a generated module knows of a map. */
export interface MapMeta {
  /** ELF name. */
  readonly name: string
  /** Kernel's name of the map type. */
  readonly kind: string
  /** Absent: raw bytes (array keys are always numbers). */
  // biome-ignore lint/suspicious/noExplicitAny: the types are in the generated .d.ts
  readonly key?: Codec<any> | undefined
  /** Ring buffers: the record. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly value?: Codec<any> | undefined
  /** Maps in maps: the inner map. */
  readonly inner?: MapMeta | undefined
}

export interface HandleSurroundings {
  readonly state: ObjectState
  /** By handle, ELF name or key; throws for what it does not know. */
  readonly findProgram: (program: ProgramHandle | string) => ProgramBackend
  /** What the program counts as lost in a ring buffer. */
  readonly lostCounter?: ((ring: string) => (() => number) | undefined) | undefined
}

export function createMapHandle(
  backend: MapBackend,
  meta: MapMeta | undefined,
  surroundings: HandleSurroundings,
): MapHandle {
  const { spec } = backend
  const { state, findProgram } = surroundings
  const row: MapTypeRow | undefined = Object.hasOwn(MAP_TYPES, spec.type)
    ? MAP_TYPES[spec.type as MapTypeName]
    : undefined
  const kind = row?.handle ?? 'other'
  switch (kind) {
    case 'ringbuf':
    case 'perf':
      return new RingBufferHandle({
        backend,
        state,
        record: meta?.value ?? WHOLE_RECORD,
        lostCounter: surroundings.lostCounter?.(spec.name),
      })
    case 'userRing':
      return new UserRingHandle({ backend, state, record: meta?.value ?? WHOLE_RECORD })
    case 'progArray':
      return new ProgArrayMapHandle({ backend, state, findProgram })
    case 'descriptors':
      return new DescriptorMapHandle({ backend, state, key: row?.key === 'index' ? INDEX : keyCodec(backend, meta) })
    case 'targets':
      return new TargetMapHandle({
        backend,
        state,
        key: row?.key === 'index' ? INDEX : keyCodec(backend, meta),
        findProgram,
      })
    case 'mapArray':
    case 'mapHash': {
      const wrap = (inner: MapBackend) => createMapHandle(inner, meta?.inner, surroundings)
      return new MapOfMapsHandle({ backend, state, key: kind === 'mapArray' ? INDEX : keyCodec(backend, meta), wrap })
    }
    default:
      return createValueHandle(backend, meta, { state, kind })
  }
}

type ValueKind = Exclude<
  MapTypeRow['handle'],
  'ringbuf' | 'perf' | 'userRing' | 'progArray' | 'descriptors' | 'targets' | 'mapArray' | 'mapHash'
>

/** Maps whose values are the program's own. */
function createValueHandle(
  backend: MapBackend,
  meta: MapMeta | undefined,
  { state, kind }: { readonly state: ObjectState; readonly kind: ValueKind },
): MapHandle {
  const { spec } = backend
  const value = checkSize(spec.name, 'value', meta?.value ?? bytesCodec(spec.valueSize, spec.name), spec.valueSize)
  const indexed: MapInit<number, unknown> = { backend, state, value, key: INDEX }
  switch (kind) {
    case 'array':
      return new ArrayMapHandle(indexed)
    case 'perCpuArray':
      return new PerCpuArrayMapHandle(indexed)
    case 'perCpuHash':
      return new PerCpuHashMapHandle({ backend, state, value, key: keyCodec(backend, meta) })
    case 'lpm': {
      const key = meta?.key ?? lpmKeyCodec(spec.keySize, `${spec.name} key`)
      return new LpmMapHandle({ backend, state, value, key })
    }
    case 'queue':
      return new QueueMapHandle({ backend, state, value })
    case 'bloom':
      return new BloomFilterHandle({ backend, state, value })
    case 'storage':
      return new StorageMapHandle({ backend, state, value })
    case 'stacks':
      return new HashMapHandle<number, bigint[]>({ backend, state, key: INDEX, value: stackCodec(spec.valueSize) })
    case 'hash':
    case 'other':
      return new HashMapHandle({ backend, state, value, key: keyCodec(backend, meta) })
    default:
      return assertNever(kind)
  }
}

const INDEX: Codec<number> = codecFor<number>(u32, 'index')

function keyCodec({ spec }: MapBackend, meta: MapMeta | undefined): Codec<unknown> {
  return checkSize(spec.name, 'key', meta?.key ?? bytesCodec(spec.keySize, `${spec.name} key`), spec.keySize)
}

/** Addresses up to the first 0, innermost first. */
function stackCodec(size: number): Codec<bigint[]> {
  const frames = codecFor<bigint[]>({ kind: 'array', element: u64, length: size / 8 }, 'stack')
  return {
    size,
    decode(bytes, offset) {
      const all = frames.decode(bytes, offset)
      const end = all.indexOf(0n)
      return end < 0 ? all : all.slice(0, end)
    },
    encode: frames.encode,
  }
}

/** Records of any length, for ring buffers without a record type. */
const WHOLE_RECORD: Codec<Uint8Array> = {
  size: 0,
  decode: (bytes) => new Uint8Array(bytes),
  encode: (value) => new Uint8Array(value),
}

/** A codec of another size than the map's is a module that does not belong to its ELF object. */
function checkSize(map: string, what: string, codec: Codec<unknown>, size: number): Codec<unknown> {
  if (codec.size !== size) {
    throw new TypeError(`map ${map}: the ${what} type has ${codec.size} bytes, the map ${size}; build the module again`)
  }
  return codec
}
