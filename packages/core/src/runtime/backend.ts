/**
 * What a kernel or VM object must offer so that the typed handles (`runtime/object.ts`) work on top of it. Raw bytes
 * only: keys and values are encoded above. Names are ELF names.
 */
import type { BpfObject, MapSpec, ProgramSpec } from '../object/object.ts'
import type { AttachOptions, Link } from './attach.ts'

export type BackendKind = 'kernel' | 'vm'

export interface ObjectBackend {
  readonly kind: BackendKind
  readonly object: BpfObject
  readonly maps: ReadonlyMap<string, MapBackend>
  readonly programs: ReadonlyMap<string, ProgramBackend>
  /** Detaches and frees everything; a second call does nothing. */
  close(): void
}

export interface MapBackend {
  readonly spec: MapSpec
  /**
   * Bytes of the backend that its operations take and give without copying: a key encoded into `scratch.key` and passed as
   * such costs nothing more. Every operation may overwrite them.
   */
  readonly scratch?: { readonly key: Uint8Array; readonly value: Uint8Array }
  /** Number of values behind one key: possible CPUs for per-CPU maps, else 1. */
  readonly cpus: number
  /**
   * Value bytes, or undefined when the key is missing. Per-CPU maps: `cpus` values of round_up(valueSize, 8) bytes
   * each, one after another (kernel ABI). The result is the caller's to keep.
   */
  lookup(key: Uint8Array): Uint8Array | undefined
  /**
   * As `lookup`, but the bytes are those of the backend and valid until its next call. `flags`: BPF_F_LOCK 4. Bloom
   * filters have no lookup; see `contains`.
   */
  peek(key: Uint8Array, flags: number): Uint8Array | undefined
  /** flags: BPF_ANY 0, BPF_NOEXIST 1, BPF_EXIST 2, BPF_F_LOCK 4. Returns false when the flag's condition does not hold. */
  update(key: Uint8Array, value: Uint8Array, flags: number): boolean
  /** False when the key was missing. */
  delete(key: Uint8Array): boolean
  /** Lookup and delete in one step; queues and stacks, whose key is empty: pop. */
  take(key: Uint8Array): Uint8Array | undefined
  /** Key after `key`, the first one for undefined; undefined at the end. */
  nextKey(key: Uint8Array | undefined): Uint8Array | undefined
  /** Many entries at once, where the backend can; undefined otherwise. */
  batches?(): Iterable<EntryBatch> | undefined
  /** Many updates (BPF_ANY) or deletions at once; false where the backend cannot: nothing was done then. */
  updateBatch?(batch: EntryBatch): boolean
  /** Missing keys do not matter. */
  deleteBatch?(keys: Uint8Array, count: number): boolean
  /** Bloom filters. */
  contains?(value: Uint8Array): boolean
  /** Puts a program of the same object into a prog array. */
  setProgram?(index: number, program: ProgramBackend): void
  /** Maps in maps: the map behind a key, which the backend closes; a new map of the inner shape. */
  innerMap?(key: Uint8Array): MapBackend | undefined
  createInner?(): MapBackend
  setInner?(key: Uint8Array, map: MapBackend): void
  pin?(path: string): void
  unpin?(path: string): boolean
  freeze?(): void
  /**
   * The values of a data section or mappable array, shared with the programs: reads and writes need no call. A frozen one
   * is a copy, since nobody may write to it.
   */
  memory?(): Uint8Array
  /** Present for ring buffers and perf event arrays. */
  readonly ring?: RingBackend
  /** User ring buffers. */
  readonly userRing?: UserRingBackend
  /** File descriptor, kernel only. */
  readonly fd?: number
}

/** Entries one behind the other; valid until the next step of the iteration that gave it. */
export interface EntryBatch {
  readonly keys: Uint8Array
  /** `MapBackend.lookup` says what one value is. */
  readonly values: Uint8Array
  readonly count: number
}

export interface RingBackend {
  /**
   * Hands every committed record to `take` (a view valid only during the call), at most `limit`; returns how many.
   * Discarded records are skipped and not counted.
   */
  drain(take: (record: Uint8Array) => void, limit: number): number
  /** As `drain`, without a view per record: `length` bytes at `offset`, valid only during the call. */
  scan(take: (bytes: Uint8Array, offset: number, length: number) => void, limit: number): number
  /** Reads record by record; nobody else may read until it is closed. */
  cursor(): RingCursor
  /** Bytes that wait, those of records in the making included. */
  available(): number
  /** Calls back when records may be waiting; returns a function that stops it. Keeps the event loop alive until then. */
  onReadable(callback: () => void): () => void
  /** Records that the kernel dropped, where it counts them (perf buffers). */
  lost?(): number
}

/** A ring buffer that user space writes. */
export interface UserRingBackend {
  /** False when there is no room; the program has to take records first. */
  push(record: Uint8Array): boolean
  /** Bytes that the program has not taken. */
  pending(): number
}

/**
 * Walks over records without making an object for each: `while (cursor.next()) sum += cursor.u32(0)`. Accessors read the
 * current record, little-endian; an offset outside of it throws a RangeError. Records are given back to the producer in
 * portions; when `next` has returned false, all have been.
 */
export interface RingCursor extends Disposable {
  /** Bytes of the current record. */
  readonly length: number
  /** False when there is none now; later there may be. */
  next(): boolean
  u8(offset: number): number
  u16(offset: number): number
  u32(offset: number): number
  i32(offset: number): number
  u64(offset: number): bigint
  i64(offset: number): bigint
  /** A copy. */
  bytes(offset?: number, length?: number): Uint8Array
  close(): void
}

export interface RunInput {
  /** Packet bytes, for program types that have a packet. */
  readonly data?: Uint8Array | undefined
  /** Context bytes (kernel layout of the program type's context struct). */
  readonly ctx?: Uint8Array | undefined
  readonly repeat?: number | undefined
}

export interface RunResult {
  /** r0, 32 bits as the kernel reports it. */
  readonly retval: number
  /** Packet afterwards. */
  readonly data: Uint8Array
  readonly ctx?: Uint8Array | undefined
  /** Mean nanoseconds of a run. VM: 0 for a single run, which its clock cannot measure. */
  readonly durationNs: number
  /** Where the program sent the packet; the kernel does not tell. */
  readonly redirect?: Redirect | undefined
}

/** What a redirect helper was called with, last in a run. */
export interface Redirect {
  /** The interface, or the map and the key in it. */
  readonly to: { readonly ifindex: number } | { readonly map: string; readonly key: number }
  readonly flags: number
}

export type { AttachOptions, Link, LinkInfo, ProgramReference } from './attach.ts'

export interface ProgramBackend {
  readonly spec: ProgramSpec
  run(input: RunInput): RunResult
  attach(options: AttachOptions): Link
  readonly fd?: number
}
