/** Handles of ARRAY and PERCPU_ARRAY maps. */

import { roundUp } from '../types/layout.ts'
import { BaseMap, BPF_F_LOCK, type MapInit, preview, UPDATE, walkBatches, writeAll } from './handle.ts'
import { assertIndex, u32Key, writeIndex } from './index-key.ts'
import { decodePerCpu, encodePerCpu, sumValues } from './per-cpu.ts'
import type { ArrayMap, LockOptions, PerCpuArrayMap } from './types.ts'

/** Everything but the shape of a value. `R` is what `get` returns, `W` what `set` takes. */
abstract class IndexedMap<R, W> extends BaseMap {
  protected abstract decode(bytes: Uint8Array, offset: number): R
  protected abstract encode(value: W): Uint8Array

  get size(): number {
    return this.maxEntries
  }

  has(index: number): boolean {
    this.checkOpen()
    return Number.isInteger(index) && index >= 0 && index < this.maxEntries
  }

  get(index: number, options?: LockOptions): R {
    this.checkOpen()
    assertIndex(this, index)
    const bytes = this.backend.peek(writeIndex(this.keyBytes, index), options?.lock === true ? BPF_F_LOCK : 0)
    if (bytes === undefined) throw new RangeError(`map ${this.name}: there is no index ${index}`)
    return this.decode(bytes, 0)
  }

  set(index: number, value: W, options?: LockOptions): this {
    this.checkOpen()
    assertIndex(this, index)
    this.backend.update(
      writeIndex(this.keyBytes, index),
      this.encode(value),
      options?.lock === true ? BPF_F_LOCK : UPDATE.any,
    )
    return this
  }

  setAll(entries: Iterable<readonly [number, W]>): this {
    this.checkOpen()
    writeAll(this.backend, this.encodeEntries(entries))
    return this
  }

  clear(): void {
    this.checkOpen()
    const zeros = new Uint8Array(this.backend.lookup(u32Key(0))?.length ?? this.valueSize)
    writeAll(this.backend, zeroEntries(this.maxEntries, zeros))
  }

  *entries(): IterableIterator<[number, R]> {
    this.checkOpen()
    for (const { keys, values, count } of walkBatches(this.backend)) {
      const step = values.length / count
      const view = new DataView(keys.buffer, keys.byteOffset, keys.byteLength)
      for (let i = 0; i < count; i++) yield [view.getUint32(i * 4, true), this.decode(values, i * step)]
    }
  }

  forEach(callback: (value: R, index: number) => void): void {
    for (const [index, value] of this.entries()) callback(value, index)
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

  private *encodeEntries(entries: Iterable<readonly [number, W]>): Generator<readonly [Uint8Array, Uint8Array]> {
    for (const [index, value] of entries) {
      assertIndex(this, index)
      yield [u32Key(index), this.encode(value)]
    }
  }
}

function* zeroEntries(count: number, zeros: Uint8Array): Generator<readonly [Uint8Array, Uint8Array]> {
  for (let i = 0; i < count; i++) yield [u32Key(i), zeros]
}

/** include/uapi/linux/bpf.h */
const BPF_F_MMAPABLE = 1 << 10

export class ArrayMapHandle<V> extends IndexedMap<V, V> implements ArrayMap<V> {
  protected readonly label = 'ArrayMap'
  private readonly init: MapInit<number, V>
  /** Bytes from one value to the next in `shared`. */
  private readonly stride: number
  private shared: Uint8Array | undefined
  /** Whether `shared` is still to be asked for. */
  private unasked: boolean

  constructor(init: MapInit<number, V>) {
    super(init.backend, init.state)
    this.init = init
    this.stride = roundUp(init.backend.spec.valueSize, 8)
    this.unasked = (init.backend.spec.flags & BPF_F_MMAPABLE) !== 0 && init.backend.memory !== undefined
  }

  override get(index: number, options?: LockOptions): V {
    const shared = this.unasked ? this.share() : this.shared
    if (shared === undefined || options !== undefined) return super.get(index, options)
    this.checkOpen()
    assertIndex(this, index)
    return this.init.value.decode(shared, index * this.stride)
  }

  memory(): Uint8Array {
    this.checkOpen()
    const shared = this.share()
    if (shared !== undefined) return shared
    throw new TypeError(`map ${this.name}: only maps with the flag BPF_F_MMAPABLE share their memory`)
  }

  override freeze(): void {
    super.freeze()
    // A frozen map may not be mapped for writing, and nobody writes to it but programs: read it by calls.
    this.unasked = false
    this.shared = undefined
  }

  private share(): Uint8Array | undefined {
    if (this.unasked) this.shared = this.backend.memory!()
    this.unasked = false
    return this.shared
  }

  protected decode(bytes: Uint8Array, offset: number): V {
    return this.init.value.decode(bytes, offset)
  }

  protected encode(value: V): Uint8Array {
    return this.init.value.encode(value, this.valueBytes)
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

  protected decode(bytes: Uint8Array, offset: number): V[] {
    return decodePerCpu(this.init, bytes, offset)
  }

  protected encode(value: V | readonly V[]): Uint8Array {
    return encodePerCpu(this.init, value)
  }
}
