import { describe, expect, test } from 'vitest'
import type { MapBackend } from '../../../packages/core/src/runtime/backend.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import { asmObject, mapSpec } from '../../support/asm-object.ts'

const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer)
const u64 = (value: bigint) => new Uint8Array(BigUint64Array.of(value).buffer)
const packet = new Uint8Array(60)
const keys = (map: MapBackend) => {
  const all: number[] = []
  for (let key = map.nextKey(undefined); key; key = map.nextKey(key)) all.push(key[0]!)
  return all
}

const LOOKUP = `
  r2 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)
  r4 = r2
  r4 += 4
  if r4 > r3 goto out
  r1 = *(u32 *)(r2 + 0)
  *(u32 *)(r10 - 4) = r1
  r1 = map m
  r2 = r10
  r2 += -4
  call bpf_map_lookup_elem
  if r0 == 0 goto out
  r0 = 1
  exit
out:
  r0 = 0
  exit`

describe('LRU hash', () => {
  test('a full map drops what was used longest ago; a lookup by user space is no use', () => {
    const vm = createVm(asmObject({ p: LOOKUP }, [mapSpec('m', 'lru_hash', { maxEntries: 3 })]))
    const map = vm.maps.get('m')!
    for (const n of [1, 2, 3]) map.update(u32(n), u64(BigInt(n)), 0)
    packet[0] = 1
    expect(vm.programs.get('p')!.run({ data: packet }).retval).toBe(1)
    map.lookup(u32(2))
    map.update(u32(4), u64(4n), 0)
    expect(keys(map).sort()).toEqual([1, 3, 4])
    map.update(u32(3), u64(33n), 0)
    map.update(u32(5), u64(5n), 0)
    expect(keys(map).sort()).toEqual([3, 4, 5])
  })
})

describe('per-CPU maps', () => {
  test('a program sees and changes only its own CPU', () => {
    const text = `*(u32 *)(r10 - 4) = 2\nr1 = map m\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem\nif r0 == 0 goto out
      r1 = *(u64 *)(r0 + 0)\nr1 += 1\n*(u64 *)(r0 + 0) = r1\nout:\nr0 = 0\nexit`
    for (const type of ['percpu_array', 'percpu_hash', 'lru_percpu_hash']) {
      const vm = createVm(asmObject({ p: text }, [mapSpec('m', type)]), { cpus: 3, cpu: 1 })
      const map = vm.maps.get('m')!
      map.update(u32(2), Uint8Array.of(...u64(5n), ...u64(6n), ...u64(7n)), 0)
      vm.programs.get('p')!.run({ data: packet })
      expect([...new BigUint64Array(map.lookup(u32(2))!.buffer)]).toEqual([5n, 7n, 7n])
    }
  })

  test('a new entry from a program is zero on the other CPUs', () => {
    const text = `*(u32 *)(r10 - 4) = 2\n*(u64 *)(r10 - 16) = 9\nr1 = map m\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 0
      call bpf_map_update_elem\nexit`
    const vm = createVm(asmObject({ p: text }, [mapSpec('m', 'percpu_hash')]), { cpus: 2 })
    const map = vm.maps.get('m')!
    map.update(u32(2), Uint8Array.of(...u64(5n), ...u64(6n)), 0)
    map.delete(u32(2))
    expect(vm.programs.get('p')!.run({ data: packet }).retval).toBe(0)
    expect([...new BigUint64Array(map.lookup(u32(2))!.buffer)]).toEqual([9n, 0n])
  })
})

describe('hash maps', () => {
  test('grow to max_entries and keep pointers valid', () => {
    const vm = createVm(asmObject({}, [mapSpec('m', 'hash', { maxEntries: 5000 })]))
    const map = vm.maps.get('m')!
    for (let n = 0; n < 5000; n++) expect(map.update(u32(n), u64(BigInt(n)), 0)).toBe(true)
    expect(() => map.update(u32(5000), u64(0n), 0)).toThrow('no room for the entry (max_entries is 5000): E2BIG')
    for (let n = 0; n < 5000; n += 7) expect(map.lookup(u32(n))).toEqual(u64(BigInt(n)))
    for (let n = 0; n < 5000; n += 2) expect(map.delete(u32(n))).toBe(true)
    expect(keys(map)).toHaveLength(2500)
  })

  test('replacing values while walking visits each key once', () => {
    const vm = createVm(asmObject({}, [mapSpec('m', 'hash', { maxEntries: 4 })]))
    const map = vm.maps.get('m')!
    for (const n of [1, 2, 3, 4]) map.update(u32(n), u64(0n), 0)
    const seen: number[] = []
    for (let key = map.nextKey(undefined); key; key = map.nextKey(key)) {
      seen.push(key[0]!)
      map.update(key, u64(1n), 2)
    }
    expect(seen).toEqual([1, 2, 3, 4])
  })
})

test('keys and values given as Buffers are copied and left alone', () => {
  for (const spec of [mapSpec('m', 'hash', { keySize: 8 }), mapSpec('m', 'lpm_trie', { keySize: 8, flags: 1 })]) {
    const map = createVm(asmObject({}, [spec])).maps.get('m')!
    const key = Buffer.from([8, 0, 0, 0, 10, 1, 2, 3])
    map.update(key, Buffer.from(u64(5n)), 0)
    expect([...key]).toEqual([8, 0, 0, 0, 10, 1, 2, 3])
    map.lookup(key)
    expect([...key]).toEqual([8, 0, 0, 0, 10, 1, 2, 3])
    key.fill(255)
    expect(map.nextKey(undefined)).toEqual(Uint8Array.of(8, 0, 0, 0, 10, 1, 2, 3))
  }
})

describe('what creation refuses', () => {
  test.each([
    [mapSpec('m', 'array', { keySize: 8 }), 'keys have 4 bytes, not 8'],
    [mapSpec('m', 'hash', { maxEntries: 0 }), 'max_entries is 0'],
    [mapSpec('m', 'ringbuf', { keySize: 0, valueSize: 0, maxEntries: 5000 }), 'no power of two times 4096'],
    [mapSpec('m', 'ringbuf', { keySize: 0, valueSize: 0, maxEntries: 2048 }), 'no power of two times 4096'],
    [mapSpec('m', 'lpm_trie', { keySize: 8 }), 'flags 0x0 lack 0x1'],
    [mapSpec('m', 'lpm_trie', { keySize: 4, flags: 1 }), 'a key is a 4-byte prefix length and 1 to 256 bytes'],
    [mapSpec('m', 'arena'), 'the VM does not simulate maps of type arena'],
    [mapSpec('m', 'toString'), 'the VM does not simulate maps of type toString'],
  ])('$type: %s', (spec, message) => {
    expect(() => createVm(asmObject({}, [spec]))).toThrow(message)
  })
})

test('queue and stack from a program', () => {
  const push = (value: number) =>
    `*(u64 *)(r10 - 8) = ${value}\nr1 = map m\nr2 = r10\nr2 += -8\nr3 = 0\ncall bpf_map_push_elem\n`
  const text = `${push(1)}${push(2)}${push(3)}r6 = r0\nr1 = map m\nr2 = r10\nr2 += -8\ncall bpf_map_pop_elem
    r0 = *(u64 *)(r10 - 8)\nr6 <<= 8\nr0 |= r6\nexit`
  for (const [type, first] of [
    ['queue', 1],
    ['stack', 2],
  ] as const) {
    const vm = createVm(asmObject({ p: text }, [mapSpec('m', type, { keySize: 0, maxEntries: 2 })]))
    // The third push finds it full: -E2BIG.
    expect(vm.programs.get('p')!.run({ data: packet }).retval & 0xff).toBe(first)
    expect(vm.programs.get('p')!.run({ data: packet }).retval >>> 8).toBe(0xfffff9)
  }
})

test('perf events reach the hook with the packet bytes that the flags ask for', () => {
  const events: string[] = []
  const text = `r2 = map m\nr3 = 0x4ffffffff ll\n*(u64 *)(r10 - 8) = 0x55\nr4 = r10\nr4 += -8\nr5 = 8\ncall bpf_perf_event_output\nexit`
  const vm = createVm(
    asmObject({ p: text.replace('0x4ffffffff', '21474836479') }, [mapSpec('m', 'perf_event_array')]),
    {
      onPerfEvent: ({ map, cpu, data }) => events.push(`${map} ${cpu} ${Buffer.from(data).toString('hex')}`),
    },
  )
  const data = Uint8Array.from({ length: 60 }, (_, i) => i)
  expect(vm.programs.get('p')!.run({ data }).retval).toBe(0)
  expect(events).toEqual(['m 0 550000000000000000010203'])
})

test('without a hook, perf events wait in the map as in the kernel, and what finds no room is counted', async () => {
  const text =
    'r2 = map m\nw3 = -1\nr4 = 7\n*(u64 *)(r10 - 8) = r4\nr4 = r10\nr4 += -8\nr5 = 8\ncall bpf_perf_event_output\nexit'
  const vm = createVm(asmObject({ p: text }, [mapSpec('m', 'perf_event_array', { valueSize: 4, maxEntries: 8 })]))
  const ring = vm.maps.get('m')!.ring!
  const run = (repeat: number) => vm.programs.get('p')!.run({ data: packet, repeat }).retval
  let heard = 0
  const stop = ring.onReadable(() => heard++)
  run(3)
  await Promise.resolve()
  stop()
  expect(heard).toBeGreaterThan(0)
  const records: string[] = []
  expect(ring.drain((record) => records.push(Buffer.from(record).toString('hex')), 2)).toBe(2)
  expect(ring.drain((record) => records.push(Buffer.from(record).toString('hex')), 9)).toBe(1)
  expect(records).toEqual(['0700000000000000', '0700000000000000', '0700000000000000'])
  expect(run(40_000)).toBe(-28 >>> 0)
  const taken = ring.drain(() => {}, 100_000)
  expect(taken + ring.lost!()).toBe(40_000)
})
