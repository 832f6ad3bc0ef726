/**
 * A hash table from keys to slots (small numbers) in the VM's linear memory, so that translated programs look keys up
 * without leaving WebAssembly (wasm/map-lookup.ts follows the same layout). Chained; the number of buckets is a power of
 * two and fixed, as in the kernel.
 *
 *   buckets: one u32 each, 0 or 1 + slot of the chain's first node
 *   nodes:   per slot: u32 1 + slot of the next node or 0, u32 hash, key, padding to a multiple of 4
 */
import type { Memory } from '../memory.ts'

export const NODE = { next: 0, hash: 4, key: 8 } as const
/** 2^32 divided by the golden ratio. */
export const HASH_FACTOR = 0x9e37_79b1
const MAX_BUCKETS = 1 << 20

export interface HashLayout {
  readonly keySize: number
  /** Addresses in the arena. */
  readonly buckets: number
  readonly nodes: number
  /** Buckets - 1. */
  readonly mask: number
  readonly nodeBytes: number
}

export class HashTable implements HashLayout {
  readonly keySize: number
  readonly buckets: number
  readonly nodes: number
  readonly mask: number
  readonly nodeBytes: number
  private readonly memory: Memory

  constructor(memory: Memory, keySize: number, slots: number) {
    this.memory = memory
    this.keySize = keySize
    this.nodeBytes = NODE.key + Math.ceil(keySize / 4) * 4
    let buckets = 1
    while (buckets < slots && buckets < MAX_BUCKETS) buckets *= 2
    this.mask = buckets - 1
    this.buckets = memory.arena.allocate(4 * buckets, 'kept')
    this.nodes = memory.arena.allocate(this.nodeBytes * slots, 'kept')
  }

  /** Slot of the key, or -1. */
  find(key: Uint8Array): number {
    const { words } = this.memory.arena
    const hash = hashOf(key, this.keySize)
    for (let slot = words[this.bucket(hash)]! - 1; slot >= 0; ) {
      const at = this.word(slot)
      if (words[at + NODE.hash / 4] === hash && this.hasKey(slot, key)) return slot
      slot = words[at]! - 1
    }
    return -1
  }

  /** The key is not in the table yet. */
  insert(slot: number, key: Uint8Array): void {
    const { words, bytes } = this.memory.arena
    const hash = hashOf(key, this.keySize)
    const at = this.word(slot)
    const bucket = this.bucket(hash)
    words[at] = words[bucket]!
    words[at + NODE.hash / 4] = hash
    bytes.set(key, 4 * at + NODE.key)
    words[bucket] = slot + 1
  }

  /** The slot is in the table. */
  remove(slot: number): void {
    const { words } = this.memory.arena
    const at = this.word(slot)
    let link = this.bucket(words[at + NODE.hash / 4]!)
    while (words[link] !== slot + 1) link = this.word(words[link]! - 1)
    words[link] = words[at]!
  }

  /** A copy of the slot's key. */
  key(slot: number): Uint8Array {
    const at = 4 * this.word(slot) + NODE.key
    return this.memory.arena.bytes.slice(at, at + this.keySize)
  }

  private bucket(hash: number): number {
    return this.buckets / 4 + (hash & this.mask)
  }

  private word(slot: number): number {
    return (this.nodes + slot * this.nodeBytes) / 4
  }

  private hasKey(slot: number, key: Uint8Array): boolean {
    const { bytes } = this.memory.arena
    const at = 4 * this.word(slot) + NODE.key
    for (let i = 0; i < this.keySize; i++) if (bytes[at + i] !== key[i]) return false
    return true
  }
}

/** One step for every 4 bytes, then one for every byte that is left. Signed 32 bits. */
function hashOf(key: Uint8Array, size: number): number {
  let hash = size
  let i = 0
  for (; i + 4 <= size; i += 4) {
    hash = step(hash, key[i]! | (key[i + 1]! << 8) | (key[i + 2]! << 16) | (key[i + 3]! << 24))
  }
  for (; i < size; i++) hash = step(hash, key[i]!)
  return hash
}

function step(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, HASH_FACTOR)
  return product ^ (product >>> 15)
}
