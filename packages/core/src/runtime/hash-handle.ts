/** Handles of maps with keys of any kind: HASH, LRU_HASH and their per-CPU forms. */
import type { Codec } from './codec.ts'
import {
  BaseMap,
  BPF_F_LOCK,
  deleteAll,
  type MapInit,
  preview,
  UPDATE,
  updateOrThrow,
  walkBatches,
  walkKeys,
  writeAll,
} from './handle.ts'
import { decodePerCpu, encodePerCpu, sumValues } from './per-cpu.ts'
import type { HashMap, LockOptions, PerCpuHashMap, SetOptions } from './types.ts'

/**
 * Everything but the shape of a value. `G` is what a key may be given as, `K` what the iterators give, `R` what `get`
 * returns, `W` what `set` takes.
 */
export abstract class KeyedMap<K, R, W, G = K> extends BaseMap {
  protected abstract readonly key: Codec<K>
  protected abstract decode(bytes: Uint8Array, offset: number): R
  protected abstract encode(value: W): Uint8Array

  get size(): number {
    this.checkOpen()
    let count = 0
    for (const batch of walkBatches(this.backend)) count += batch.count
    return count
  }

  get(key: G, options?: LockOptions): R | undefined {
    this.checkOpen()
    const bytes = this.backend.peek(this.encodeKey(key), options?.lock === true ? BPF_F_LOCK : 0)
    return bytes === undefined ? undefined : this.decode(bytes, 0)
  }

  set(key: G, value: W, options?: SetOptions): this {
    this.checkOpen()
    if (options === undefined) this.backend.update(this.encodeKey(key), this.encode(value), UPDATE.any)
    else updateOrThrow(this.backend, [this.encodeKey(key), this.encode(value)], options)
    return this
  }

  insert(key: G, value: W): boolean {
    this.checkOpen()
    return this.backend.update(this.encodeKey(key), this.encode(value), UPDATE.noexist)
  }

  replace(key: G, value: W): boolean {
    this.checkOpen()
    return this.backend.update(this.encodeKey(key), this.encode(value), UPDATE.exist)
  }

  has(key: G): boolean {
    this.checkOpen()
    return this.backend.peek(this.encodeKey(key), 0) !== undefined
  }

  delete(key: G): boolean {
    this.checkOpen()
    return this.backend.delete(this.encodeKey(key))
  }

  take(key: G): R | undefined {
    this.checkOpen()
    const bytes = this.backend.take(this.encodeKey(key))
    return bytes === undefined ? undefined : this.decode(bytes, 0)
  }

  setAll(entries: Iterable<readonly [G, W]>): this {
    this.checkOpen()
    writeAll(this.backend, this.encodeEntries(entries))
    return this
  }

  deleteAll(keys: Iterable<G>): void {
    this.checkOpen()
    deleteAll(this.backend, this.encodeKeys(keys))
  }

  clear(): void {
    this.checkOpen()
    deleteAll(this.backend, walkKeys(this.backend))
  }

  *entries(): IterableIterator<[K, R]> {
    this.checkOpen()
    const { key, backend } = this
    for (const { keys, values, count } of walkBatches(backend)) {
      const step = values.length / count
      for (let i = 0; i < count; i++) yield [key.decode(keys, i * key.size), this.decode(values, i * step)]
    }
  }

  forEach(callback: (value: R, key: K) => void): void {
    this.checkOpen()
    const { key, backend } = this
    const keySize = key.size
    for (const { keys, values, count } of walkBatches(backend)) {
      const step = values.length / count
      for (let i = 0; i < count; i++) callback(this.decode(values, i * step), key.decode(keys, i * keySize))
    }
  }

  *keys(): IterableIterator<K> {
    this.checkOpen()
    for (const key of walkKeys(this.backend)) yield this.key.decode(key)
  }

  *values(): IterableIterator<R> {
    this.checkOpen()
    for (const { values, count } of walkBatches(this.backend)) {
      const step = values.length / count
      for (let i = 0; i < count; i++) yield this.decode(values, i * step)
    }
  }

  [Symbol.iterator](): IterableIterator<[K, R]> {
    return this.entries()
  }

  /** Forms of keys that the codec does not know are for subclasses. */
  protected encodeKey(key: G): Uint8Array {
    return this.key.encode(key as unknown as K, this.keyBytes)
  }

  protected content(): unknown {
    return preview(this.entries())
  }

  private *encodeEntries(entries: Iterable<readonly [G, W]>): Generator<readonly [Uint8Array, Uint8Array]> {
    for (const [key, value] of entries) yield [this.encodeKey(key), this.encode(value)]
  }

  private *encodeKeys(keys: Iterable<G>): Generator<Uint8Array> {
    for (const key of keys) yield this.encodeKey(key)
  }
}

export class HashMapHandle<K, V, G = K> extends KeyedMap<K, V, V, G> {
  protected readonly label: string = 'HashMap'
  protected readonly key: Codec<K>
  private readonly value: Codec<V>

  constructor(init: MapInit<K, V>) {
    super(init.backend, init.state)
    this.key = init.key
    this.value = init.value
  }

  protected decode(bytes: Uint8Array, offset: number): V {
    return this.value.decode(bytes, offset)
  }

  protected encode(value: V): Uint8Array {
    return this.value.encode(value, this.valueBytes)
  }
}

export class PerCpuHashMapHandle<K, V> extends KeyedMap<K, V[], V | readonly V[]> implements PerCpuHashMap<K, V> {
  protected readonly label = 'PerCpuHashMap'
  protected readonly key: Codec<K>
  private readonly init: MapInit<K, V>

  constructor(init: MapInit<K, V>) {
    super(init.backend, init.state)
    this.key = init.key
    this.init = init
  }

  get cpus(): number {
    return this.backend.cpus
  }

  perCpu(key: K): V[] | undefined {
    return this.get(key)
  }

  sum(key: K): V | undefined {
    const values = this.get(key)
    return values === undefined ? undefined : sumValues(values, this.name)
  }

  protected decode(bytes: Uint8Array, offset: number): V[] {
    return decodePerCpu(this.init, bytes, offset)
  }

  protected encode(value: V | readonly V[]): Uint8Array {
    return encodePerCpu(this.init, value)
  }
}

/** Compiles only while the class has what its public type says. */
export const asHashMap = <K, V>(handle: HashMapHandle<K, V>): HashMap<K, V> => handle
