/**
 * What an application sees of a loaded program: typed maps, programs and the module object. The generated `.d.ts` of a
 * `.bpf.lisp` file names these types; `createHandles` makes the objects. Keys and values are JavaScript values
 * (`codec.ts`); kernel and VM behave alike.
 */
import type { BpfObject } from '../object/object.ts'
import type { Link } from './attach.ts'
import type { AttachedLinks } from './attach-all.ts'
import type { BackendKind, ObjectBackend, RingCursor } from './backend.ts'
import type { Codec } from './codec.ts'
import type { OtherProgram, ProgramHandle } from './programs.ts'

/** Size and codec of a struct, union or scalar. */
export interface Struct<T> extends Codec<T> {}

export interface MapHandle {
  /** ELF name. */
  readonly name: string
  /** Kernel's name of the map type (`percpu_array`). */
  readonly type: string
  /** Bytes. */
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  /** File descriptor; undefined in the VM. */
  readonly fd: number | undefined
  /** Keeps the map at a path in a BPF file system, also when this process ends. Kernel only. */
  pin(path: string): void
  /** Removes a pin; false when there was none. */
  unpin(path: string): boolean
  /** From now on only programs change the map. Kernel only. */
  freeze(): void
}

/** `any` inserts or replaces, `noexist` only inserts, `exist` only replaces. */
export type UpdateFlag = 'any' | 'noexist' | 'exist'

export interface LockOptions {
  /** Takes the `bpf_spin_lock` that the value begins with, so that no program sees half of it. */
  readonly lock?: boolean | undefined
}

export interface SetOptions extends LockOptions {
  /** Default `any`. When the condition does not hold, the error's `code` is `EEXIST` or `ENOENT`. */
  readonly flag?: UpdateFlag | undefined
}

/** Every index below `size` always has a value. Indexes out of range throw a RangeError. */
export interface ArrayMap<V> extends MapHandle, Iterable<[number, V]> {
  readonly size: number
  /** Without a system call when the map has the flag `BPF_F_MMAPABLE`. */
  get(index: number, options?: LockOptions): V
  set(index: number, value: V, options?: LockOptions): this
  /** Sets many values in few system calls. */
  setAll(entries: Iterable<readonly [number, V]>): this
  /** Whether the index is in range. */
  has(index: number): boolean
  /** Sets every value to zero bytes. */
  clear(): void
  entries(): IterableIterator<[number, V]>
  /** The fastest way through all entries. */
  forEach(callback: (value: V, index: number) => void): void
  keys(): IterableIterator<number>
  values(): IterableIterator<V>
  /**
   * All values, shared with the programs, each on its own multiple of 8 bytes: of maps with `BPF_F_MMAPABLE`. Throws for
   * others, and after `freeze`.
   */
  memory(): Uint8Array
}

/** Also LRU hashes. */
export interface HashMap<K, V> extends MapHandle, Iterable<[K, V]> {
  /** Entries now; counted by walking the keys. */
  readonly size: number
  get(key: K, options?: LockOptions): V | undefined
  /** Inserts or replaces; throws when a new key finds the map full (`code` is `E2BIG`). */
  set(key: K, value: V, options?: SetOptions): this
  /** Only a new key; false when it is there already. */
  insert(key: K, value: V): boolean
  /** Only a present key; false when it is missing. */
  replace(key: K, value: V): boolean
  has(key: K): boolean
  /** False when the key was missing. */
  delete(key: K): boolean
  /** The value, which is deleted in the same step (kernels before 5.14: in two steps). */
  take(key: K): V | undefined
  /** Sets many entries in few system calls. */
  setAll(entries: Iterable<readonly [K, V]>): this
  /** Deletes many keys in few system calls; those that are missing do not matter. */
  deleteAll(keys: Iterable<K>): void
  clear(): void
  entries(): IterableIterator<[K, V]>
  /** The fastest way through all entries. */
  forEach(callback: (value: V, key: K) => void): void
  keys(): IterableIterator<K>
  values(): IterableIterator<V>
}

/** `get` and the iterators give one value per possible CPU. */
export interface PerCpuArrayMap<V> extends MapHandle, Iterable<[number, V[]]> {
  readonly size: number
  readonly cpus: number
  get(index: number): V[]
  perCpu(index: number): V[]
  /** Total over all CPUs; only for integer values. */
  sum(index: number): V
  /** One value for every CPU, or an array with one per CPU. */
  set(index: number, value: V | readonly V[]): this
  setAll(entries: Iterable<readonly [number, V | readonly V[]]>): this
  has(index: number): boolean
  clear(): void
  entries(): IterableIterator<[number, V[]]>
  /** The fastest way through all entries. */
  forEach(callback: (value: V[], index: number) => void): void
  keys(): IterableIterator<number>
  values(): IterableIterator<V[]>
}

export interface PerCpuHashMap<K, V> extends MapHandle, Iterable<[K, V[]]> {
  readonly size: number
  readonly cpus: number
  get(key: K): V[] | undefined
  perCpu(key: K): V[] | undefined
  sum(key: K): V | undefined
  set(key: K, value: V | readonly V[], options?: SetOptions): this
  insert(key: K, value: V | readonly V[]): boolean
  replace(key: K, value: V | readonly V[]): boolean
  has(key: K): boolean
  delete(key: K): boolean
  take(key: K): V[] | undefined
  setAll(entries: Iterable<readonly [K, V | readonly V[]]>): this
  deleteAll(keys: Iterable<K>): void
  clear(): void
  entries(): IterableIterator<[K, V[]]>
  /** The fastest way through all entries. */
  forEach(callback: (value: V[], key: K) => void): void
  keys(): IterableIterator<K>
  values(): IterableIterator<V[]>
}

/** A key of an LPM trie: the first `prefixLength` bits of `data` count. */
export interface LpmKey<D = Uint8Array> {
  readonly prefixLength: number
  readonly data: D
}

/**
 * `get` finds the entry with the longest matching prefix; `has`, `delete` and the iterators see exact entries. Where the
 * data are 4 or 16 bytes, a key may be text: `10.0.0.0/8`, `fd00::/8`, or an address, which is a prefix of full length.
 */
export interface LpmMap<K, V> extends MapHandle, Iterable<[K, V]> {
  readonly size: number
  get(key: K | string): V | undefined
  set(key: K | string, value: V, options?: SetOptions): this
  insert(key: K | string, value: V): boolean
  replace(key: K | string, value: V): boolean
  has(key: K | string): boolean
  delete(key: K | string): boolean
  take(key: K | string): V | undefined
  setAll(entries: Iterable<readonly [K | string, V]>): this
  deleteAll(keys: Iterable<K | string>): void
  clear(): void
  entries(): IterableIterator<[K, V]>
  /** The fastest way through all entries. */
  forEach(callback: (value: V, key: K) => void): void
  keys(): IterableIterator<K>
  values(): IterableIterator<V>
  /** Entries with their keys as text. */
  prefixes(): IterableIterator<[string, V]>
}

/**
 * Records in the order in which the program reserved them (perf buffers: in order per CPU). Nothing is read before
 * somebody listens: `on`, `for await`, `drain` or a cursor. What was read for an iterator waits in its buffer, so that no
 * record is lost between two steps; while that is full, records wait in the ring. Only one process can read a ring buffer;
 * a second reader makes the first one throw.
 */
export interface RingBuffer<E> extends MapHandle, AsyncIterable<E> {
  /** Calls back for every record until the returned function is called. */
  on(callback: (record: E) => void): () => void
  /** Takes what is committed now, at most `limit` records. */
  drain(limit?: number): E[]
  /** For hot loops: reads fields of records where they are, without an object per record. */
  cursor(): RingCursor
  /** Bytes that wait to be read. */
  readonly pending: number
  /**
   * Records that found no room. Perf buffers: as the kernel counts them. Ring buffers: what the program counts in a global
   * variable or one-entry array named after the buffer (`events_lost`); undefined when it does not.
   */
  readonly lost: number | undefined
}

/** Records for a program, which takes them with `bpf_user_ringbuf_drain`. */
export interface UserRing<E> extends MapHandle {
  /** False when there is no room now. */
  push(record: E): boolean
  /** Bytes that the program has not taken. */
  readonly pending: number
}

export interface ProgArrayMap extends MapHandle {
  readonly size: number
  /** Puts a program of the same object, by handle, ELF name or key in `programs`, at `index`. */
  set(index: number, program: ProgramHandle | string): this
  has(index: number): boolean
  delete(index: number): boolean
  clear(): void
}

/** QUEUE gives the oldest value first, STACK the newest. */
export interface QueueMap<V> extends MapHandle {
  /** False when there is no room; `evict`: the oldest value makes room. */
  push(value: V, options?: { readonly evict?: boolean | undefined }): boolean
  /** Takes the next value out. */
  pop(): V | undefined
  /** The next value, which stays. */
  peek(): V | undefined
  clear(): void
}

export interface BloomFilter<V> extends MapHandle {
  add(value: V): this
  /** False: certainly not added. True: probably. */
  has(value: V): boolean
}

/** Devices (by interface index), CPUs (by queue size): where `redirect_map` sends packets. */
export interface TargetMap<K> extends MapHandle, Iterable<[K, number]> {
  readonly size: number
  get(key: K): number | undefined
  /** `program`: runs on the packet at the target. */
  set(key: K, target: number, options?: { readonly program?: ProgramHandle | string | undefined }): this
  has(key: K): boolean
  delete(key: K): boolean
  clear(): void
  entries(): IterableIterator<[K, number]>
  keys(): IterableIterator<K>
}

/** Sockets, cgroups: what is put in by file descriptor and cannot be read back. */
export interface DescriptorMap<K> extends MapHandle {
  set(key: K, fd: number, options?: SetOptions): this
  delete(key: K): boolean
}

/** Maps in maps. */
export interface MapOfMaps<K, M extends MapHandle> extends MapHandle {
  /** A map of the inner map's shape: from `create`, of this object, or pinned. */
  set(key: K, map: MapHandle): this
  get(key: K): M | undefined
  has(key: K): boolean
  delete(key: K): boolean
  /** A new inner map; it lives until the object is closed, or as long as it is in the map. */
  create(): M
}

/** Values that hang on a socket, task, inode or cgroup, named by its file descriptor (of a task: a pidfd). */
export interface StorageMap<V> extends MapHandle {
  get(fd: number): V | undefined
  set(fd: number, value: V, options?: SetOptions): this
  has(fd: number): boolean
  delete(fd: number): boolean
}

/** Map types without a handle of their own: raw bytes. */
export interface RawMap extends HashMap<Uint8Array, Uint8Array> {}

// biome-ignore lint/suspicious/noExplicitAny: any key and value
type Any = any
export type AnyMap =
  | ArrayMap<Any>
  | HashMap<Any, Any>
  | LpmMap<Any, Any>
  | PerCpuArrayMap<Any>
  | PerCpuHashMap<Any, Any>
  | RingBuffer<Any>
  | ProgArrayMap
  | QueueMap<Any>
  | BloomFilter<Any>
  | TargetMap<Any>
  | DescriptorMap<Any>
  | MapOfMaps<Any, Any>
  | StorageMap<Any>
  | UserRing<Any>

/** What a generated `.d.ts` says of its module. */
export interface ModuleShape {
  readonly maps: object
  readonly programs: object
  readonly structs: object
  readonly constants: object
  /** Global variables; constants among them are read-only. */
  readonly globals?: object
  /** Those that `load` may set. */
  readonly rodata?: object
}

/** A member that shapes may lack. */
type Part<S, K extends string> = S extends { readonly [key in K]: infer T } ? T : object

export interface ProgramInfo {
  readonly name: string
  readonly section: string
  readonly type: string
}

export interface MapInfo {
  readonly name: string
  readonly kind: string
}

export interface LoadOptions {
  /** Default: environment variable UNPLUGIN_BPF_BACKEND, else `kernel`. `auto`: the kernel where it is usable. */
  readonly backend?: BackendKind | 'auto' | CreateBackend | undefined
}

/** A backend of one's own making: a VM with options, for example. */
export type CreateBackend = (object: BpfObject) => ObjectBackend

/** A compiled file, as imported: `import filter from './filter.bpf.lisp'`. */
export interface BpfModule<S extends ModuleShape = ModuleShape> {
  /** File name without folders. */
  readonly name: string
  /** The ELF object. */
  readonly elf: Uint8Array
  readonly programs: { readonly [K in keyof S['programs']]: ProgramInfo }
  readonly maps: { readonly [K in keyof S['maps']]: MapInfo }
  readonly structs: S['structs']
  readonly constants: S['constants']
  load(options?: LoadOptions & { readonly constants?: Partial<Part<S, 'rodata'>> | undefined }): LoadedObject<S>
}

/** Each program's own attach options. */
type AttachAllOf<P> = {
  readonly [K in keyof P]?: (P[K] extends { attach(options: infer O): Link } ? O : never) | false | undefined
}

/** Maps and programs in a kernel or VM; `using` or `close()` frees them. Every use after that throws. */
export interface LoadedObject<S extends ModuleShape = ModuleShape> extends Disposable {
  readonly name: string
  readonly backend: BackendKind
  readonly closed: boolean
  readonly maps: S['maps']
  readonly programs: S['programs']
  /** Variables that programs share with user space: `obj.globals.hits` reads, `obj.globals.hits = 0n` writes. */
  readonly globals: Part<S, 'globals'>
  /** By ELF name; throws for an unknown one. */
  map<M = AnyMap>(name: string): M
  program<P = OtherProgram>(name: string): P
  /**
   * Attaches every program whose section says what to (`kprobe/do_unlinkat`), and those with options here, by their key
   * in `programs`; `false` leaves one out. All or nothing.
   */
  attachAll(options?: AttachAllOf<S['programs']>): AttachedLinks
  /** The layer below, with raw bytes. */
  readonly raw: ObjectBackend
  close(): void
}

export type * from './attach.ts'
export type { AttachAllOptions, AttachedLinks } from './attach-all.ts'
export type { BackendKind, ObjectBackend, RingCursor } from './backend.ts'
export type * from './programs.ts'
