/**
 * Types of map values: what programs may call, and under `~u` the handle that user space gets. The handles are those of
 * `.bpf.lisp` modules.
 */
import type {
  ArrayMap,
  BloomFilter,
  DescriptorMap,
  HashMap,
  LpmKey,
  LpmMap,
  MapHandle,
  MapOfMaps,
  PerCpuArrayMap,
  PerCpuHashMap,
  ProgArrayMap,
  QueueMap,
  RingBuffer,
  StorageMap,
  TargetMap,
  UserRing,
} from '../runtime/types.ts'
import type { i64, u32 } from './scalars.ts'
import type { AnySchema, Context, Infer, Kernel, Ref, Reserved } from './types.ts'

/** `U`: the user-space handle. */
export interface MapValue<U> {
  /** Never there; for types only. */
  readonly '~u': U
}
// biome-ignore lint/suspicious/noExplicitAny: any handle
export type AnyMapValue = MapValue<any>
/** Handle of a map. */
type UserMap<M extends AnyMapValue> = M extends MapValue<infer U extends MapHandle> ? U : MapHandle

export type UpdateFlags = 'any' | 'noexist' | 'exist'
/** The amount of `add`: maps of integers only. */
type Amount<K> = [K] extends [number] ? number : never

export interface Lookup<K, V> {
  /** Reference to the value in the map, or null: test it before use. */
  get(key: K): Ref<V> | null
}

export interface HashValue<K extends AnySchema, V extends AnySchema, U>
  extends MapValue<U>,
    Lookup<Kernel<K>, Kernel<V>> {
  has(key: Kernel<K>): boolean
  /** Inserts or replaces; a negative error number when the map is full or `flags` forbids it. */
  set(key: Kernel<K>, value: Kernel<V>, flags?: UpdateFlags): i64
  delete(key: Kernel<K>): i64
  /** Adds atomically; a missing key starts at 0. */
  add(key: Kernel<K>, amount: Amount<Kernel<V>>): void
}

export interface ArrayValue<V extends AnySchema, U> extends MapValue<U>, Lookup<u32, Kernel<V>> {
  set(index: u32, value: Kernel<V>): i64
  add(index: u32, amount: Amount<Kernel<V>>): void
}

export interface LpmValue<D extends AnySchema, V extends AnySchema>
  extends HashValue<
    AnySchema & { '~k': { prefixLength: u32; data: Kernel<D> } },
    V,
    LpmMap<LpmKey<Infer<D>>, Infer<V>>
  > {}

export interface RingbufValue<E extends AnySchema> extends MapValue<RingBuffer<Infer<E>>> {
  /** A record to fill in, or null when the buffer is full. */
  reserve(): Reserved<Kernel<E>> | null
  /** Copies a record. */
  output(record: Kernel<E>, flags?: number): i64
}

export interface PerfValue<E extends AnySchema> extends MapValue<RingBuffer<Infer<E>>> {
  output(ctx: Context, record: Kernel<E>): i64
}

export interface QueueValue<V extends AnySchema> extends MapValue<QueueMap<Infer<V>>> {
  push(value: Kernel<V>): i64
  /** Takes the next value out; null when there is none. */
  pop(): Ref<Kernel<V>> | null
  peek(): Ref<Kernel<V>> | null
}

export interface BloomValue<V extends AnySchema> extends MapValue<BloomFilter<Infer<V>>> {
  push(value: Kernel<V>): i64
  has(value: Kernel<V>): boolean
}

/** Values that hang on a socket, inode, task or cgroup, which the verifier must know (`ctx.sk`, `getCurrentTaskBtf`). */
export interface StorageValue<V extends AnySchema> extends MapValue<StorageMap<Infer<V>>> {
  get(owner: object): Ref<Kernel<V>> | null
  /** A value of zeros when there is none; null without memory. */
  getOrCreate(owner: object): Ref<Kernel<V>> | null
  delete(owner: object): i64
}

export interface ProgArrayValue extends MapValue<ProgArrayMap> {
  /** Goes on in the program at `index` and does not come back; falls through when there is none. */
  tailCall(ctx: Context, index: u32): void
}

/** Programs that are in the array from the start, by their keys in `object({ programs })`; undefined leaves a slot empty. */
export interface ProgramSlots {
  readonly programs?: readonly (string | undefined)[]
}
export interface MapSlots<M> {
  readonly maps?: readonly (M | undefined)[]
}

/** `K`: of the program, `J`: of user space. */
export interface MapsValue<K, J, M extends AnyMapValue> extends MapValue<MapOfMaps<J, UserMap<M>>> {
  /** The map under the key, or null: test it before use. */
  get(key: K): M | null
}

export interface MapOptions {
  readonly maxEntries: number
  /** BPF_F_*; those that the kind requires are added. */
  readonly flags?: number
  readonly pinning?: 'byName'
}
type OptionalCount = Partial<MapOptions>
export interface BytesOptions extends Omit<MapOptions, 'maxEntries'> {
  /** Size of the buffer: a power of two, at least a page. */
  readonly bytes: number
}

type UserHash<K, V, O> = O extends { readonly perCpu: true }
  ? PerCpuHashMap<Infer<K>, Infer<V>>
  : HashMap<Infer<K>, Infer<V>>
type UserArray<V, O> = O extends { readonly perCpu: true } ? PerCpuArrayMap<Infer<V>> : ArrayMap<Infer<V>>

export interface MapConstructors {
  hash<K extends AnySchema, V extends AnySchema, const O extends MapOptions & { lru?: boolean; perCpu?: boolean }>(
    key: K,
    value: V,
    options: O,
  ): HashValue<K, V, UserHash<K, V, O>>
  lruHash<K extends AnySchema, V extends AnySchema>(
    key: K,
    value: V,
    options: MapOptions,
  ): HashValue<K, V, HashMap<Infer<K>, Infer<V>>>
  perCpuHash<K extends AnySchema, V extends AnySchema>(
    key: K,
    value: V,
    options: MapOptions,
  ): HashValue<K, V, PerCpuHashMap<Infer<K>, Infer<V>>>
  lruPerCpuHash<K extends AnySchema, V extends AnySchema>(
    key: K,
    value: V,
    options: MapOptions,
  ): HashValue<K, V, PerCpuHashMap<Infer<K>, Infer<V>>>
  array<V extends AnySchema, const O extends MapOptions & { perCpu?: boolean }>(
    value: V,
    options: O,
  ): ArrayValue<V, UserArray<V, O>>
  perCpuArray<V extends AnySchema>(value: V, options: MapOptions): ArrayValue<V, PerCpuArrayMap<Infer<V>>>
  /** Longest prefix match over `data`, which lies in network order (`ipv4`, `ipv6`, bytes). */
  lpmTrie<D extends AnySchema, V extends AnySchema>(data: D, value: V, options: MapOptions): LpmValue<D, V>
  ringbuf<E extends AnySchema>(record: E, options: BytesOptions): RingbufValue<E>
  userRingbuf(options: BytesOptions): MapValue<UserRing<Uint8Array>>
  queue<V extends AnySchema>(value: V, options: MapOptions): QueueValue<V>
  stack<V extends AnySchema>(value: V, options: MapOptions): QueueValue<V>
  bloomFilter<V extends AnySchema>(value: V, options: MapOptions): BloomValue<V>
  progArray(options: MapOptions & ProgramSlots): ProgArrayValue
  perfEventArray<E extends AnySchema>(record: E, options?: OptionalCount): PerfValue<E>
  /** Stacks by id (`bpf.getStackid`), at most `depth` frames each; user space gets the addresses, innermost first. */
  stackTrace(options: MapOptions & { readonly depth?: number }): MapValue<HashMap<number, bigint[]>>
  cgroupArray(options: MapOptions): MapValue<DescriptorMap<number>>
  /** Maps of the shape of `inner`; `maps` are there from the start. */
  arrayOfMaps<M extends AnyMapValue>(inner: M, options: MapOptions & MapSlots<M>): MapsValue<u32, number, M>
  hashOfMaps<K extends AnySchema, M extends AnyMapValue>(
    key: K,
    inner: M,
    options: MapOptions,
  ): MapsValue<Kernel<K>, Infer<K>, M>
  devmap(options: MapOptions): MapValue<TargetMap<number>>
  devmapHash<K extends AnySchema>(key: K, options: MapOptions): MapValue<TargetMap<Infer<K>>>
  cpumap(options: MapOptions): MapValue<TargetMap<number>>
  xskmap(options: MapOptions): MapValue<DescriptorMap<number>>
  sockmap(options: MapOptions): MapValue<DescriptorMap<number>>
  sockhash<K extends AnySchema>(key: K, options: MapOptions): MapValue<DescriptorMap<Infer<K>>>
  reuseportSockarray(options: MapOptions): MapValue<DescriptorMap<number>>
  skStorage<V extends AnySchema>(value: V, options?: OptionalCount): StorageValue<V>
  inodeStorage<V extends AnySchema>(value: V, options?: OptionalCount): StorageValue<V>
  taskStorage<V extends AnySchema>(value: V, options?: OptionalCount): StorageValue<V>
  cgrpStorage<V extends AnySchema>(value: V, options?: OptionalCount): StorageValue<V>
}
