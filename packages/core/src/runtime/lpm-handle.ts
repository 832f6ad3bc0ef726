/** Handle of an LPM_TRIE: keys as the declaration has them, or as text (`10.0.0.0/8`). */
import { HashMapHandle } from './hash-handle.ts'
import { formatPrefix, parsePrefix } from './lpm-key.ts'
import type { LpmMap } from './types.ts'

export class LpmMapHandle<K, V> extends HashMapHandle<K, V, K | string> implements LpmMap<K, V> {
  protected override readonly label = 'LpmMap'

  protected override encodeKey(key: K | string): Uint8Array {
    if (typeof key !== 'string') return this.key.encode(key)
    return parsePrefix(key, this.keySize, `map ${this.name}`)
  }

  protected override content(): unknown {
    return this.keySize === 8 || this.keySize === 20 ? new Map(this.prefixes()) : super.content()
  }

  *prefixes(): IterableIterator<[string, V]> {
    for (const [key, value] of this.entries()) yield [formatPrefix(this.key.encode(key), this.name), value]
  }
}
