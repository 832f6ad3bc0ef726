/** What all handles share: the object's state, codecs for untyped keys and values, printing in console.log. */
import type { MapSpec } from '../object/object.ts'
import type { EntryBatch, MapBackend } from './backend.ts'
import type { Codec } from './codec.ts'
import { checkBytes } from './codec-checks.ts'
import type { MapHandle, SetOptions } from './types.ts'

/** Shared by all handles of one object. */
export interface ObjectState {
  /** Module name, for messages. */
  readonly name: string
  closed: boolean
}

export class ClosedError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ClosedError'
  }
}

/** Node's hook for console.log; a plain symbol elsewhere. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never
export type Inspect = (value: unknown, options?: unknown) => string

/** Entries that console.log shows. */
const SHOWN = 100

/** Raw bytes, when neither the declaration nor its type says more. */
export function bytesCodec(size: number, name: string): Codec<Uint8Array> {
  return {
    size,
    // `new`, as the slice of a Node Buffer would share its memory.
    decode: (bytes, offset = 0) => new Uint8Array(bytes.subarray(offset, offset + size)),
    encode(value, out = new Uint8Array(size), offset = 0) {
      out.set(checkBytes(value, size, name), offset)
      return out
    },
  }
}

export interface MapInit<K, V> {
  readonly backend: MapBackend
  readonly state: ObjectState
  readonly key: Codec<K>
  readonly value: Codec<V>
}

/** Base of the map handles. */
export abstract class BaseMap implements MapHandle {
  protected readonly backend: MapBackend
  protected readonly state: ObjectState
  /** Where keys and values are encoded; the next operation overwrites them. */
  protected readonly keyBytes: Uint8Array
  protected readonly valueBytes: Uint8Array

  constructor(backend: MapBackend, state: ObjectState) {
    this.backend = backend
    this.state = state
    this.keyBytes = backend.scratch?.key ?? new Uint8Array(backend.spec.keySize)
    this.valueBytes = backend.scratch?.value ?? new Uint8Array(backend.spec.valueSize)
  }

  get spec(): MapSpec {
    return this.backend.spec
  }
  get name(): string {
    return this.spec.name
  }
  get type(): string {
    return this.spec.type
  }
  get keySize(): number {
    return this.spec.keySize
  }
  get valueSize(): number {
    return this.spec.valueSize
  }
  get maxEntries(): number {
    return this.spec.maxEntries
  }
  get fd(): number | undefined {
    return this.backend.fd
  }

  pin(path: string): void {
    this.checkOpen()
    if (this.backend.pin === undefined) throw this.kernelOnly('pinned')
    this.backend.pin(path)
  }

  unpin(path: string): boolean {
    this.checkOpen()
    if (this.backend.unpin === undefined) throw this.kernelOnly('pinned')
    return this.backend.unpin(path)
  }

  freeze(): void {
    this.checkOpen()
    if (this.backend.freeze === undefined) throw this.kernelOnly('frozen')
    this.backend.freeze()
  }

  protected kernelOnly(what: string): TypeError {
    return new TypeError(`map ${this.name}: only maps in the kernel can be ${what}; load with { backend: 'kernel' }`)
  }

  protected checkOpen(): void {
    if (this.state.closed) throw new ClosedError(`${this.state.name}: map ${this.name}: the object is closed`)
  }

  /** Name of the public type; `constructor.name` does not survive minifiers. */
  protected abstract readonly label: string
  /** What stands between the braces in console.log. */
  protected abstract content(): unknown

  [INSPECT](_depth: number, options: unknown, inspect: Inspect): string {
    const head = `${this.label} ${this.name}`
    if (this.state.closed) return `${head} <closed>`
    return `${head} ${inspect(this.content(), options).replace(/^Map/, '')}`
  }
}

/** The first entries, as a Map that console.log prints; for large maps it says that there are more. */
export function preview(entries: Iterable<readonly [unknown, unknown]>): Map<unknown, unknown> {
  const shown = new Map<unknown, unknown>()
  for (const [key, value] of entries) {
    if (shown.size >= SHOWN) {
      shown.set('...', 'more entries')
      break
    }
    shown.set(key, value)
  }
  return shown
}

/** Keys in the backend's order, each once, even when entries change during the walk. */
export function* walkKeys(backend: MapBackend): Generator<Uint8Array> {
  const seen = new Set<string>()
  let key = backend.nextKey(undefined)
  while (key !== undefined) {
    const id = String.fromCharCode(...key)
    // A key that vanished makes the walk begin again; what was seen then ends it.
    if (seen.has(id)) return
    seen.add(id)
    // Asked before the caller can delete this one.
    const next = backend.nextKey(key)
    yield key
    key = next
  }
}

/** Batches where the backend can, else one entry each; entries that vanish meanwhile are left out. */
export function* walkBatches(backend: MapBackend): Generator<EntryBatch> {
  const batches = backend.batches?.()
  if (batches !== undefined) {
    yield* batches
    return
  }
  for (const keys of walkKeys(backend)) {
    const values = backend.lookup(keys)
    if (values !== undefined) yield { keys, values, count: 1 }
  }
}

/** Flags of an update, include/uapi/linux/bpf.h. */
export const UPDATE = { any: 0, noexist: 1, exist: 2 } as const
export const BPF_F_LOCK = 4

/** Bits of an update's flags. */
export function updateFlags(options: SetOptions | undefined, map: string): number {
  if (options === undefined) return UPDATE.any
  const { flag = 'any', lock } = options
  if (!Object.hasOwn(UPDATE, flag)) {
    throw new TypeError(`map ${map}: unknown flag ${String(flag)}: expected any, noexist or exist`)
  }
  return UPDATE[flag] | (lock === true ? BPF_F_LOCK : 0)
}

/** A conditional `set` whose condition does not hold. */
export class MapConditionError extends Error {
  readonly code: 'EEXIST' | 'ENOENT'
  constructor(map: string, code: 'EEXIST' | 'ENOENT') {
    super(`map ${map}: the key ${code === 'EEXIST' ? 'is there already (flag noexist)' : 'is missing (flag exist)'}`)
    this.name = 'MapConditionError'
    this.code = code
  }
}

/** An update with options, whose failed condition is an error. */
export function updateOrThrow(
  backend: MapBackend,
  entry: readonly [Uint8Array, Uint8Array],
  options?: SetOptions,
): void {
  const { name } = backend.spec
  if (backend.update(entry[0], entry[1], updateFlags(options, name))) return
  throw new MapConditionError(name, options?.flag === 'exist' ? 'ENOENT' : 'EEXIST')
}

/** Entries per batch that goes to the backend. */
const BATCH = 1024

/** Writes encoded entries in batches where the backend takes them, else one by one. */
export function writeAll(backend: MapBackend, entries: Iterable<readonly [Uint8Array, Uint8Array]>): void {
  const { keySize } = backend.spec
  let keys = new Uint8Array(0)
  let values = new Uint8Array(0)
  let count = 0
  const flush = () => {
    if (count === 0) return
    const valueSize = values.length / BATCH
    const batch = { keys: keys.subarray(0, count * keySize), values: values.subarray(0, count * valueSize), count }
    if (!backend.updateBatch?.(batch)) {
      for (let i = 0; i < count; i++) {
        const value = values.subarray(i * valueSize, (i + 1) * valueSize)
        backend.update(keys.subarray(i * keySize, (i + 1) * keySize), value, UPDATE.any)
      }
    }
    count = 0
  }
  for (const [key, value] of entries) {
    if (values.length === 0) {
      keys = new Uint8Array(BATCH * keySize)
      values = new Uint8Array(BATCH * value.length)
    }
    keys.set(key, count * keySize)
    values.set(value, count * value.length)
    if (++count === BATCH) flush()
  }
  flush()
}

/** Deletes encoded keys in batches where the backend takes them, else one by one. */
export function deleteAll(backend: MapBackend, keys: Iterable<Uint8Array>): void {
  const { keySize } = backend.spec
  const bytes = new Uint8Array(BATCH * keySize)
  let count = 0
  const flush = () => {
    const given = bytes.subarray(0, count * keySize)
    if (count > 0 && !backend.deleteBatch?.(given, count)) {
      for (let at = 0; at < given.length; at += keySize) backend.delete(given.subarray(at, at + keySize))
    }
    count = 0
  }
  for (const key of keys) {
    bytes.set(key, count++ * keySize)
    if (count === BATCH) flush()
  }
  flush()
}
