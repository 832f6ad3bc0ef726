/** Maps in the kernel: every kind that has a handle, through MapBackend. */
import { readdirSync } from 'node:fs'
import type { MapBackend } from '@unplugin-bpf/core/runtime'
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { afterEach, describe, expect, it } from 'vitest'
import { counter, mapSpec, object } from './asm.ts'

const usable = kernelUsable()
const title = usable.ok ? 'maps in the kernel' : `maps in the kernel (skipped: ${usable.reason})`

const u32 = (value: number) => new Uint8Array(new Uint32Array([value]).buffer)
const u64 = (value: number) => new Uint8Array(new BigUint64Array([BigInt(value)]).buffer)
const read64 = (bytes: Uint8Array | undefined, index = 0) =>
  bytes && Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(index * 8, true))

const opened: Disposable[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one[Symbol.dispose]()
})

/** All entries by batches, copied. */
function entriesOf(map: MapBackend): [Uint8Array, Uint8Array][] {
  const all: [Uint8Array, Uint8Array][] = []
  for (const { keys, values, count } of map.batches!()!) {
    const [k, v] = [keys.length / count, values.length / count]
    for (let i = 0; i < count; i++) all.push([keys.slice(i * k, i * k + k), values.slice(i * v, i * v + v)])
  }
  return all
}

function openMap(type: string, more: Parameters<typeof mapSpec>[2] = {}) {
  const loaded = loadKernelObject(object([mapSpec('m', type, more)], []))
  opened.push(loaded)
  return loaded.maps.get('m')!
}

describe.skipIf(!usable.ok)(title, () => {
  it('array: every index exists, none beyond', () => {
    const map = openMap('array', { maxEntries: 3 })
    expect(read64(map.lookup(u32(0)))).toBe(0)
    expect(map.update(u32(2), u64(7), 0)).toBe(true)
    expect(read64(map.lookup(u32(2)))).toBe(7)
    expect(map.lookup(u32(3))).toBeUndefined()
    expect(() => map.update(u32(3), u64(1), 0)).toThrow(/E2BIG\n {2}the index is out of range: the map has 3 entries/)
    expect(() => map.delete(u32(1))).toThrow(/EINVAL\n {2}the entries of array maps always exist/)
    expect(entriesOf(map).map(([key, value]) => [key[0], read64(value)])).toEqual([
      [0, 0],
      [1, 0],
      [2, 7],
    ])
  })

  it('hash: insert, replace, delete, full', () => {
    const map = openMap('hash', { maxEntries: 2 })
    expect(map.lookup(u32(5))).toBeUndefined()
    expect(map.update(u32(5), u64(1), 2)).toBe(false)
    expect(map.update(u32(5), u64(1), 1)).toBe(true)
    expect(map.update(u32(5), u64(2), 1)).toBe(false)
    expect(map.update(u32(5), u64(3), 2)).toBe(true)
    expect(read64(map.lookup(u32(5)))).toBe(3)
    expect(map.delete(u32(5))).toBe(true)
    expect(map.delete(u32(5))).toBe(false)
    map.update(u32(1), u64(1), 0)
    map.update(u32(2), u64(1), 0)
    expect(() => map.update(u32(3), u64(1), 0)).toThrow(/E2BIG\n {2}the map is full: it has room for 2 entries/)
  })

  it.each(['hash', 'lru_hash', 'array'])('%s: keys one by one and batches agree, 3000 entries', (type) => {
    const map = openMap(type, { maxEntries: type === 'lru_hash' ? 16384 : 3000 })
    for (let i = 0; i < 3000; i++) map.update(u32(i), u64(i * 3), 0)
    const walked = new Map<number, number>()
    for (let key = map.nextKey(undefined); key; key = map.nextKey(key))
      walked.set(new DataView(key.buffer).getUint32(0, true), read64(map.lookup(key))!)
    const batch = new Map(
      entriesOf(map).map(([key, value]) => [new DataView(key.buffer).getUint32(0, true), read64(value)]),
    )
    const count = type === 'lru_hash' ? walked.size : 3000
    expect(walked.size).toBe(count)
    if (type === 'array') for (const key of [...batch.keys()]) if (key >= 3000) batch.delete(key)
    expect(batch).toEqual(walked)
    expect(walked.get(2999)).toBe(8997)
  })

  it('per-CPU maps have one rounded value per possible CPU', () => {
    const cpus = readdirSync('/sys/devices/system/cpu').filter((name) => /^cpu\d+$/.test(name)).length
    for (const type of ['percpu_array', 'percpu_hash', 'lru_percpu_hash']) {
      const map = openMap(type, { valueSize: 12 })
      expect(map.cpus).toBeGreaterThanOrEqual(cpus)
      const value = new Uint8Array(map.cpus * 16)
      for (let cpu = 0; cpu < map.cpus; cpu++) value.fill(cpu + 1, cpu * 16, cpu * 16 + 12)
      map.update(u32(1), value, 0)
      expect(map.lookup(u32(1))).toEqual(value)
      const entries = new Map(entriesOf(map).map(([key, bytes]) => [key[0], bytes]))
      expect(entries.get(1)).toEqual(value)
      expect(() => map.update(u32(1), new Uint8Array(12), 0)).toThrow(RangeError)
    }
  })

  it('LPM trie: longest prefix wins, NO_PREALLOC is added', () => {
    const map = openMap('lpm_trie', { keySize: 8, valueSize: 4 })
    const key = (bits: number, ...ip: number[]) => new Uint8Array([...u32(bits), ...ip])
    map.update(key(8, 10, 0, 0, 0), u32(8), 0)
    map.update(key(24, 10, 1, 2, 0), u32(24), 0)
    expect(map.lookup(key(32, 10, 1, 2, 3))).toEqual(u32(24))
    expect(map.lookup(key(32, 10, 9, 9, 9))).toEqual(u32(8))
    expect(map.lookup(key(32, 11, 0, 0, 1))).toBeUndefined()
    const keys = []
    for (let k = map.nextKey(undefined); k; k = map.nextKey(k)) keys.push(k)
    expect(keys).toHaveLength(2)
    expect(map.delete(key(8, 10, 0, 0, 0))).toBe(true)
    expect(map.lookup(key(32, 10, 9, 9, 9))).toBeUndefined()
  })

  it('refuses a map that the kernel refuses, with its numbers', () => {
    expect(() => openMap('array', { maxEntries: 0 })).toThrow(
      /cannot create map "m": EINVAL\n {2}the kernel refuses array maps with 4-byte keys, 8-byte values, 0 entries/,
    )
    expect(() => openMap('nonsense')).toThrow('the map type nonsense is not supported')
  })

  it('keys and values of the wrong size never reach the kernel', () => {
    const map = openMap('hash')
    expect(() => map.lookup(new Uint8Array(8))).toThrow('map "m" has keys of 4 bytes; 8 were given')
    expect(() => map.update(u32(0), u32(0), 0)).toThrow('map "m" has values of 8 bytes; 4 were given')
  })

  it('1000 rounds of loading and closing leave no file descriptor', () => {
    const count = () => readdirSync('/proc/self/fd').length
    loadKernelObject(counter()).close()
    const before = count()
    for (let i = 0; i < 1000; i++) {
      const loaded = loadKernelObject(counter())
      loaded.close()
      loaded.close()
    }
    expect(count()).toBe(before)
  })

  it('a closed map refuses politely', () => {
    const loaded = loadKernelObject(counter())
    const map = loaded.maps.get('counts')!
    loaded.close()
    expect(() => map.lookup(u32(0))).toThrow('map "counts" is closed')
    expect(() => loaded.programs.get('counter')!.run({ data: new Uint8Array(64) })).toThrow('is closed')
  })
})
