/** Handles of maps with keys of any kind: HASH, LRU_HASH, LPM_TRIE and their per-CPU forms. */
import type { Codec } from './codec.ts'
import { BaseMap, type MapInit, preview, walkEntries, walkKeys } from './handle.ts'
import { decodePerCpu, encodePerCpu, sumValues } from './per-cpu.ts'
import type { HashMap, PerCpuHashMap } from './types.ts'

/** include/uapi/linux/bpf.h */
const BPF_ANY = 0
const BPF_NOEXIST = 1
const BPF_EXIST = 2

/** Everything but the shape of a value. `R` is what `get` returns, `W` what `set` takes. */
abstract class KeyedMap<K, R, W> extends BaseMap {
  protected abstract readonly key: Codec<K>
  protected abstract decode(bytes: Uint8Array): R
  protected abstract encode(value: W): Uint8Array

  get size(): number {
    this.checkOpen()
    let count = 0
    for (const _ of walkKeys(this.backend)) count++
    return count
  }

  get(key: K): R | undefined {
    this.checkOpen()
    const bytes = this.backend.lookup(this.key.encode(key))
    return bytes === undefined ? undefined : this.decode(bytes)
  }

  set(key: K, value: W): this {
    this.checkOpen()
    this.backend.update(this.key.encode(key), this.encode(value), BPF_ANY)
    return this
  }

  insert(key: K, value: W): boolean {
    this.checkOpen()
    return this.backend.update(this.key.encode(key), this.encode(value), BPF_NOEXIST)
  }

  replace(key: K, value: W): boolean {
    this.checkOpen()
    return this.backend.update(this.key.encode(key), this.encode(value), BPF_EXIST)
  }

  has(key: K): boolean {
    this.checkOpen()
    return this.backend.lookup(this.key.encode(key)) !== undefined
  }

  delete(key: K): boolean {
    this.checkOpen()
    return this.backend.delete(this.key.encode(key))
  }

  clear(): void {
    this.checkOpen()
    for (const key of [...walkKeys(this.backend)]) this.backend.delete(key)
  }

  *entries(): IterableIterator<[K, R]> {
    this.checkOpen()
    for (const [key, value] of walkEntries(this.backend)) yield [this.key.decode(key), this.decode(value)]
  }

  *keys(): IterableIterator<K> {
    this.checkOpen()
    for (const key of walkKeys(this.backend)) yield this.key.decode(key)
  }

  *values(): IterableIterator<R> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): IterableIterator<[K, R]> {
    return this.entries()
  }

  protected content(): unknown {
    return preview(this.entries())
  }
}

export class HashMapHandle<K, V> extends KeyedMap<K, V, V> implements HashMap<K, V> {
  protected readonly label = 'HashMap'
  protected readonly key: Codec<K>
  private readonly value: Codec<V>

  constructor(init: MapInit<K, V>) {
    super(init.backend, init.state)
    this.key = init.key
    this.value = init.value
  }

  protected decode(bytes: Uint8Array): V {
    return this.value.decode(bytes)
  }

  protected encode(value: V): Uint8Array {
    return this.value.encode(value)
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

  protected decode(bytes: Uint8Array): V[] {
    return decodePerCpu(this.init, bytes)
  }

  protected encode(value: V | readonly V[]): Uint8Array {
    return encodePerCpu(this.init, value)
  }
}
