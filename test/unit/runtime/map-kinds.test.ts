/** Handles of the less common map kinds, conditions and batches: the same over VM and kernel where both have them. */
import { closeSync, openSync, rmSync } from 'node:fs'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { codecFor } from '../../../packages/core/src/runtime/codec.ts'
import type { MapMeta } from '../../../packages/core/src/runtime/create-map-handle.ts'
import { createHandles } from '../../../packages/core/src/runtime/object-handle.ts'
import type {
  ArrayMap,
  BloomFilter,
  HashMap,
  LoadedObject,
  LpmKey,
  LpmMap,
  MapHandle,
  PerCpuArrayMap,
  PerCpuHashMap,
  QueueMap,
  TargetMap,
} from '../../../packages/core/src/runtime/types.ts'
import { u32, u64 } from '../../../packages/core/src/types/types.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import { kernelUsable, loadKernelObject } from '../../../packages/loader/src/index.ts'
import { asmObject, mapSpec } from '../../support/asm-object.ts'

const usable = kernelUsable()
const open: LoadedObject[] = []
afterEach(() => {
  for (const loaded of open.splice(0)) loaded.close()
})

const MMAPABLE = 1 << 10
const typed = (kind: string): Omit<MapMeta, 'name'> => ({ kind, key: codecFor(u32), value: codecFor(u64) })
const object = asmObject({ two: 'r0 = 2\nexit' }, [
  mapSpec('h', 'hash', { maxEntries: 5000 }),
  mapSpec('a', 'array', { maxEntries: 100 }),
  mapSpec('shared', 'array', { valueSize: 4, flags: MMAPABLE }),
  mapSpec('pa', 'percpu_array'),
  mapSpec('ph', 'percpu_hash', { maxEntries: 100 }),
  mapSpec('q', 'queue', { keySize: 0, maxEntries: 3 }),
  mapSpec('s', 'stack', { keySize: 0, maxEntries: 3 }),
  mapSpec('r4', 'lpm_trie', { keySize: 8, flags: 1, maxEntries: 10 }),
  mapSpec('r6', 'lpm_trie', { keySize: 20, flags: 1, maxEntries: 10 }),
  mapSpec('odd', 'lpm_trie', { keySize: 10, flags: 1, maxEntries: 10 }),
  mapSpec('cpus', 'cpumap', { valueSize: 4, maxEntries: 1 }),
])
const metas: Record<string, MapMeta> = {
  h: { name: 'h', ...typed('hash') },
  a: { name: 'a', ...typed('array') },
  shared: { name: 'shared', kind: 'array', value: codecFor(u32) },
  pa: { name: 'pa', ...typed('percpu_array') },
  ph: { name: 'ph', ...typed('percpu_hash') },
  q: { name: 'q', kind: 'queue', value: codecFor(u64) },
  s: { name: 's', kind: 'stack', value: codecFor(u64) },
  r4: { name: 'r4', kind: 'lpm_trie', value: codecFor(u64) },
  r6: { name: 'r6', kind: 'lpm_trie', value: codecFor(u64) },
  odd: { name: 'odd', kind: 'lpm_trie', value: codecFor(u64) },
  cpus: { name: 'cpus', kind: 'cpumap' },
}
interface Maps {
  readonly h: HashMap<number, bigint>
  readonly a: ArrayMap<bigint>
  readonly shared: ArrayMap<number>
  readonly pa: PerCpuArrayMap<bigint>
  readonly ph: PerCpuHashMap<number, bigint>
  readonly q: QueueMap<bigint>
  readonly s: QueueMap<bigint>
  readonly r4: LpmMap<LpmKey, bigint>
  readonly r6: LpmMap<LpmKey, bigint>
  readonly odd: LpmMap<LpmKey, bigint>
  readonly cpus: TargetMap<number>
}

const programs = { two: { name: 'two', section: 'xdp', type: 'xdp' } }
const backends = [
  { where: 'VM', skip: false, load: () => createVm(object, { cpus: 2 }) },
  {
    where: usable.ok ? 'kernel' : `kernel (skipped: ${usable.reason})`,
    skip: !usable.ok,
    load: () => loadKernelObject(object),
  },
]

for (const { where, skip, load } of backends) {
  describe.skipIf(skip)(`map kinds in the ${where}`, () => {
    const maps = (): Maps => {
      const loaded = createHandles(load(), { name: 'kinds', maps: metas, programs })
      open.push(loaded)
      return loaded.maps as unknown as Maps
    }

    test('set with conditions', () => {
      const { h } = maps()
      h.set(1, 1n, { flag: 'noexist' }).set(1, 2n, { flag: 'exist' }).set(1, 3n, { flag: 'any' })
      expect(h.get(1)).toBe(3n)
      expect(() => h.set(1, 4n, { flag: 'noexist' })).toThrow(expect.objectContaining({ code: 'EEXIST' }))
      expect(() => h.set(2, 4n, { flag: 'exist' })).toThrow(expect.objectContaining({ code: 'ENOENT' }))
      expect(() => h.set(2, 4n, { flag: 'never' as never })).toThrow(
        'unknown flag never: expected any, noexist or exist',
      )
      expect([...h]).toEqual([[1, 3n]])
    })

    test('take: the value, and it is gone', () => {
      const { h, ph, r4 } = maps()
      h.set(7, 70n)
      expect([h.take(7), h.take(7), h.has(7)]).toEqual([70n, undefined, false])
      ph.set(7, 5n)
      expect(ph.take(7)).toEqual(Array.from({ length: ph.cpus }, () => 5n))
      expect(ph.has(7)).toBe(false)
      r4.set('10.0.0.0/8', 1n)
      expect([r4.take('10.0.0.0/8'), r4.take('10.0.0.0/8')]).toEqual([1n, undefined])
    })

    test('many at once: 4000 entries in, listed, half of them out, cleared', () => {
      const { h, a, pa, ph } = maps()
      const entries = Array.from({ length: 4000 }, (_, i): [number, bigint] => [i * 3, BigInt(i)])
      h.setAll(entries)
      expect(new Map(h)).toEqual(new Map(entries))
      expect(h.size).toBe(4000)
      // Missing keys (the last one) do not matter.
      h.deleteAll([...entries.slice(0, 2000).map(([key]) => key), 1])
      expect(new Map(h)).toEqual(new Map(entries.slice(2000)))
      expect([...h.values()].reduce((sum, value) => sum + value, 0n)).toBe(BigInt((2000 + 3999) * 1000))
      h.clear()
      expect([h.size, ...h.keys()]).toEqual([0])
      a.setAll(Array.from({ length: 100 }, (_, i) => [99 - i, BigInt(i)]))
      expect([...a.values()]).toEqual(Array.from({ length: 100 }, (_, i) => BigInt(99 - i)))
      a.clear()
      expect(new Set(a.values())).toEqual(new Set([0n]))
      expect(() => a.setAll([[100, 1n]])).toThrow(RangeError)
      pa.setAll([[3, 9n]])
      expect(pa.sum(3)).toBe(9n * BigInt(pa.cpus))
      ph.setAll([[1, 1n], [2, 2n]]) // biome-ignore format: short
      expect([...ph.keys()].sort()).toEqual([1, 2])
    })

    test('a full map takes what fits and says E2BIG', () => {
      const { h } = maps()
      const entries = Array.from({ length: 5001 }, (_, i): [number, bigint] => [i, 1n])
      expect(() => h.setAll(entries)).toThrow(expect.objectContaining({ code: 'E2BIG' }))
      expect(h.size).toBe(5000)
    })

    test('mappable arrays share their memory', () => {
      const { shared, a } = maps()
      shared.set(3, 7)
      expect([shared.get(3), shared.get(0)]).toEqual([7, 0])
      const memory = shared.memory()
      expect(memory).toHaveLength(32)
      memory[8] = 5
      expect([shared.get(1), [...shared][1]]).toEqual([5, [1, 5]])
      expect(() => shared.get(4)).toThrow(RangeError)
      expect(() => a.memory()).toThrow('only maps with the flag BPF_F_MMAPABLE share their memory')
    })

    test('queue and stack', () => {
      const { q, s } = maps()
      for (const map of [q, s]) expect([map.pop(), map.peek()]).toEqual([undefined, undefined])
      for (const value of [1n, 2n, 3n]) for (const map of [q, s]) expect(map.push(value)).toBe(true)
      expect([q.push(4n), s.push(4n)]).toEqual([false, false])
      expect([q.peek(), q.pop(), q.pop()]).toEqual([1n, 1n, 2n])
      expect([s.peek(), s.pop(), s.pop()]).toEqual([3n, 3n, 2n])
      q.push(5n)
      q.push(6n)
      expect(q.push(7n, { evict: true })).toBe(true)
      expect([q.pop(), q.pop(), q.pop(), q.pop()]).toEqual([5n, 6n, 7n, undefined])
      s.clear()
      expect(s.peek()).toBeUndefined()
      expect(inspect(q)).toBe('QueueMap q { maxEntries: 3, next: undefined }')
    })

    test('prefixes as text', () => {
      const { r4, r6, odd } = maps()
      r4.set('10.0.0.0/8', 8n).set('10.1.2.0/24', 24n).set('0.0.0.0/0', 0n)
      expect([r4.get('10.1.2.3'), r4.get('10.9.9.9'), r4.get('192.168.0.1')]).toEqual([24n, 8n, 0n])
      expect(new Map(r4.prefixes())).toEqual(
        new Map([['10.0.0.0/8', 8n], ['10.1.2.0/24', 24n], ['0.0.0.0/0', 0n]]), // biome-ignore format: short
      )
      expect(r4.get({ prefixLength: 32, data: Uint8Array.of(10, 1, 2, 3) })).toBe(24n)
      expect(r4.delete('10.1.2.0/24')).toBe(true)
      expect(r4.delete('10.1.2.0/24')).toBe(false)
      r6.setAll([['fd00::/8', 1n], ['2001:db8::1', 2n]]) // biome-ignore format: short
      expect([r6.get('fd00::7'), r6.get('2001:db8::1'), r6.get('2001:db8::2')]).toEqual([1n, 2n, undefined])
      expect(inspect(r6)).toContain("'fd00::/8' => 1n")
      for (const wrong of ['10.0.0.0/33', '10.0.0/8', '10.0.0.0/8/8', '10.0.0.0/', '', 'fd00::/8']) {
        expect(() => r4.get(wrong)).toThrow(TypeError)
      }
      expect(() => odd.get('10.0.0.0/8')).toThrow('keys of 6 bytes have no text form')
    })

    test('targets', () => {
      const { cpus } = maps()
      expect([cpus.get(0), cpus.has(0), cpus.size]).toEqual([undefined, false, 0])
      cpus.set(0, 192)
      expect([cpus.get(0), [...cpus], cpus.size]).toEqual([192, [[0, 192]], 1])
      expect(() => cpus.set(0, -1)).toThrow(RangeError)
      expect(() => cpus.set(0, 192, { program: 'two' })).toThrow('no room for a program')
      expect(cpus.delete(0)).toBe(true)
      expect(cpus.has(0)).toBe(false)
    })
  })
}

describe.skipIf(!usable.ok)(`maps only in the kernel${usable.ok ? '' : ` (skipped: ${usable.reason})`}`, () => {
  function kernelMap<M extends MapHandle>(type: string, more: object, meta: Partial<MapMeta> = {}): M {
    const loaded = createHandles(loadKernelObject(asmObject({}, [mapSpec('m', type, more)])), {
      name: 'one',
      maps: { m: { name: 'm', kind: type, ...meta } },
      programs: {},
    })
    open.push(loaded)
    return (loaded.maps as { m: M }).m
  }

  test('bloom filter', () => {
    const bloom = kernelMap<BloomFilter<bigint>>(
      'bloom_filter',
      { keySize: 0, maxEntries: 1000 },
      { value: codecFor(u64) },
    )
    for (let i = 0n; i < 100n; i++) bloom.add(i * 17n)
    for (let i = 0n; i < 100n; i++) expect(bloom.has(i * 17n)).toBe(true)
    const wrong = Array.from({ length: 1000 }, (_, i) => bloom.has(BigInt(i + 5000))).filter(Boolean).length
    expect(wrong).toBeLessThan(100)
  })

  test('freeze: the map is read as before and refuses to change', () => {
    const map = kernelMap<ArrayMap<bigint>>('array', { flags: MMAPABLE }, { value: codecFor(u64) })
    map.set(1, 5n)
    expect(map.get(1)).toBe(5n)
    map.freeze()
    expect(map.get(1)).toBe(5n)
    expect(() => map.set(1, 6n)).toThrow(expect.objectContaining({ code: 'EPERM' }))
    expect(() => map.memory()).toThrow(TypeError)
  })

  test('descriptors of the wrong kind are refused by the kernel', () => {
    const map = kernelMap<HashMap<number, number>>('cgroup_array', { valueSize: 4 })
    const fd = openSync('/dev/null', 'r')
    try {
      expect(() => map.set(0, fd)).toThrow(expect.objectContaining({ name: 'SyscallError' }))
      expect(() => map.set(0, -1)).toThrow(TypeError)
    } finally {
      closeSync(fd)
    }
  })

  test('a pin outside of a BPF file system says what is wrong', () => {
    const map = kernelMap<HashMap<Uint8Array, Uint8Array>>('hash', {})
    const path = '/tmp/no-bpf-file-system'
    try {
      expect(() => map.pin(path)).toThrow(/cannot pin map "m" at .*\n {2}the folder is not in a BPF file system/)
    } finally {
      rmSync(path, { force: true })
    }
    expect(map.unpin(path)).toBe(false)
  })
})
