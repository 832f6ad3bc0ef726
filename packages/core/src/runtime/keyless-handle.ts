/** Handles of maps without keys: QUEUE, STACK and BLOOM_FILTER. */
import type { Codec } from './codec.ts'
import { BaseMap, type MapInit, UPDATE } from './handle.ts'
import type { BloomFilter, QueueMap } from './types.ts'

const NO_KEY = new Uint8Array(0)

type KeylessInit<V> = Omit<MapInit<never, V>, 'key'>

export class QueueMapHandle<V> extends BaseMap implements QueueMap<V> {
  protected readonly label = 'QueueMap'
  private readonly value: Codec<V>

  constructor(init: KeylessInit<V>) {
    super(init.backend, init.state)
    this.value = init.value
  }

  push(value: V, options: { readonly evict?: boolean | undefined } = {}): boolean {
    this.checkOpen()
    const bytes = this.value.encode(value)
    try {
      return this.backend.update(NO_KEY, bytes, options.evict === true ? UPDATE.exist : UPDATE.any)
    } catch (error) {
      if ((error as { code?: unknown }).code === 'E2BIG') return false
      throw error
    }
  }

  pop(): V | undefined {
    this.checkOpen()
    const bytes = this.backend.take(NO_KEY)
    return bytes === undefined ? undefined : this.value.decode(bytes)
  }

  peek(): V | undefined {
    this.checkOpen()
    const bytes = this.backend.peek(NO_KEY, 0)
    return bytes === undefined ? undefined : this.value.decode(bytes)
  }

  /** Bounded: programs may be pushing meanwhile. */
  clear(): void {
    this.checkOpen()
    for (let i = 0; i < this.maxEntries && this.backend.take(NO_KEY) !== undefined; i++);
  }

  protected content(): unknown {
    return { maxEntries: this.maxEntries, next: this.peek() }
  }
}

export class BloomFilterHandle<V> extends BaseMap implements BloomFilter<V> {
  protected readonly label = 'BloomFilter'
  private readonly value: Codec<V>

  constructor(init: KeylessInit<V>) {
    super(init.backend, init.state)
    this.value = init.value
  }

  add(value: V): this {
    this.checkOpen()
    this.backend.update(NO_KEY, this.value.encode(value), UPDATE.any)
    return this
  }

  has(value: V): boolean {
    this.checkOpen()
    if (this.backend.contains === undefined) throw this.kernelOnly('asked for values')
    return this.backend.contains(this.value.encode(value))
  }

  protected content(): unknown {
    return { maxEntries: this.maxEntries }
  }
}
