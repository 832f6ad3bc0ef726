/** Handles of ARRAY and PERCPU_ARRAY maps. */

import { BaseMap, type MapInit, preview } from './handle.ts'
import { assertIndex, u32Key } from './index-key.ts'
import { decodePerCpu, encodePerCpu, sumValues } from './per-cpu.ts'
import type { ArrayMap, PerCpuArrayMap } from './types.ts'

/** Everything but the shape of a value. `R` is what `get` returns, `W` what `set` takes. */
abstract class IndexedMap<R, W> extends BaseMap {
  protected abstract decode(bytes: Uint8Array): R
  protected abstract encode(value: W): Uint8Array

  get size(): number {
    return this.maxEntries
  }

  has(index: number): boolean {
    this.checkOpen()
    return Number.isInteger(index) && index >= 0 && index < this.maxEntries
  }

  get(index: number): R {
    this.checkOpen()
    assertIndex(this, index)
    const bytes = this.backend.lookup(u32Key(index))
    if (bytes === undefined) throw new RangeError(`map ${this.name}: there is no index ${index}`)
    return this.decode(bytes)
  }

  set(index: number, value: W): this {
    this.checkOpen()
    assertIndex(this, index)
    this.backend.update(u32Key(index), this.encode(value), 0)
    return this
  }

  clear(): void {
    this.checkOpen()
    const zeros = new Uint8Array(this.backend.lookup(u32Key(0))?.length ?? this.valueSize)
    for (let i = 0; i < this.maxEntries; i++) this.backend.update(u32Key(i), zeros, 0)
  }

  *entries(): IterableIterator<[number, R]> {
    this.checkOpen()
    const batch = this.backend.entries?.()
    if (batch === undefined) {
      for (let i = 0; i < this.maxEntries; i++) yield [i, this.get(i)]
      return
    }
    for (const [key, value] of batch) {
      yield [new DataView(key.buffer, key.byteOffset).getUint32(0, true), this.decode(value)]
    }
  }

  *keys(): IterableIterator<number> {
    this.checkOpen()
    for (let i = 0; i < this.maxEntries; i++) yield i
  }

  *values(): IterableIterator<R> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): IterableIterator<[number, R]> {
    return this.entries()
  }

  protected content(): unknown {
    return preview(this.entries())
  }
}

export class ArrayMapHandle<V> extends IndexedMap<V, V> implements ArrayMap<V> {
  protected readonly label = 'ArrayMap'
  private readonly init: MapInit<number, V>

  constructor(init: MapInit<number, V>) {
    super(init.backend, init.state)
    this.init = init
  }

  protected decode(bytes: Uint8Array): V {
    return this.init.value.decode(bytes)
  }

  protected encode(value: V): Uint8Array {
    return this.init.value.encode(value)
  }
}

export class PerCpuArrayMapHandle<V> extends IndexedMap<V[], V | readonly V[]> implements PerCpuArrayMap<V> {
  protected readonly label = 'PerCpuArrayMap'
  private readonly init: MapInit<number, V>

  constructor(init: MapInit<number, V>) {
    super(init.backend, init.state)
    this.init = init
  }

  get cpus(): number {
    return this.backend.cpus
  }

  perCpu(index: number): V[] {
    return this.get(index)
  }

  sum(index: number): V {
    return sumValues(this.get(index), this.name)
  }

  protected decode(bytes: Uint8Array): V[] {
    return decodePerCpu(this.init, bytes)
  }

  protected encode(value: V | readonly V[]): Uint8Array {
    return encodePerCpu(this.init, value)
  }
}
