/**
 * LPM_TRIE (kernel/bpf/lpm_trie.c 6.18). A key is `u32 prefixlen` (host order) and data in network order; a lookup finds
 * the entry with the longest prefix of the key's data. One table per prefix length instead of a trie: same results.
 */
import { ERRNO } from '../errno.ts'
import { writeValue } from './array.ts'
import type { MapInit, VmMap } from './map.ts'
import { addPointer, addValues, indexOf, strideOf, UPDATE } from './map.ts'

interface Node {
  /** The key as user space gave it last, bits behind the prefix included. */
  key: Uint8Array
  slot: number
}

/** Short keys as numbers, longer ones as strings of their bytes. */
function keyId(key: Uint8Array): string | number {
  if (key.length <= 4) {
    let id = 0
    for (let i = key.length - 1; i >= 0; i--) id = id * 256 + key[i]!
    return id
  }
  let id = ''
  for (let i = 0; i < key.length; i++) id += String.fromCharCode(key[i]!)
  return id
}

/** The data with the bits behind the prefix cleared. */
function maskedId(key: Uint8Array, prefix: number): string | number {
  const data = key.slice(4)
  for (let i = 0; i < data.length; i++) {
    const bits = Math.max(0, Math.min(8, prefix - i * 8))
    data[i] = data[i]! & (0xff00 >> bits)
  }
  return keyId(data)
}

export function createLpm(init: MapInit): VmMap {
  const { spec } = init
  const stride = strideOf(spec)
  const maxPrefix = (spec.keySize - 4) * 8
  const values = addValues(init, spec.maxEntries + 1)
  const byPrefix = Array.from({ length: maxPrefix + 1 }, () => new Map<string | number, Node>())
  const free: number[] = []
  let count = 0
  let used = 0

  const takeSlot = (): number => free.pop() ?? used++
  const keys = (): Uint8Array[] => byPrefix.flatMap((table) => [...table.values()].map((node) => node.key)).reverse()

  return {
    spec,
    pointer: addPointer(init),
    values,
    cpuStride: 0,
    find(key) {
      const prefix = indexOf(key)
      if (prefix > maxPrefix) return -1
      for (let length = prefix; length >= 0; length--) {
        const table = byPrefix[length]!
        const node = table.size === 0 ? undefined : table.get(maskedId(key, length))
        if (node !== undefined) return node.slot * stride
      }
      return -1
    },
    update(key, value, flags) {
      const prefix = indexOf(key)
      if (flags > UPDATE.exist || prefix > maxPrefix) return -ERRNO.EINVAL
      const id = maskedId(key, prefix)
      const node = byPrefix[prefix]!.get(id)
      if (node !== undefined && flags === UPDATE.noExist) return -ERRNO.EEXIST
      if (node === undefined && flags === UPDATE.exist) return -ERRNO.ENOENT
      if (node === undefined && count >= spec.maxEntries) return -ERRNO.ENOSPC
      // A replaced node is a new one, so that pointers to the old value keep seeing it.
      const slot = takeSlot()
      if (node === undefined) count++
      else free.push(node.slot)
      byPrefix[prefix]!.set(id, { key: key.slice(), slot })
      values.bytes.fill(0, slot * stride, (slot + 1) * stride)
      writeValue(this, slot * stride, value, 0)
      return 0
    },
    delete(key) {
      const prefix = indexOf(key)
      if (prefix > maxPrefix) return -ERRNO.EINVAL
      const id = maskedId(key, prefix)
      const node = byPrefix[prefix]!.get(id)
      if (node === undefined) return -ERRNO.ENOENT
      byPrefix[prefix]!.delete(id)
      free.push(node.slot)
      count--
      return 0
    },
    nextKey(key) {
      // Longest prefixes first, as the kernel's walk.
      const all = keys()
      if (key === undefined) return all[0]?.slice()
      const prefix = indexOf(key)
      const found = prefix > maxPrefix ? undefined : byPrefix[prefix]!.get(maskedId(key, prefix))
      return (found === undefined ? all[0] : all[all.indexOf(found.key) + 1])?.slice()
    },
  }
}
