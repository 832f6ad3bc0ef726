/** Cursors, other consumers, perf buffers, user ring buffers, lost records, several rings at once. */
import { setTimeout as wait } from 'node:timers/promises'
import { inspect } from 'node:util'
import { fromElf } from '@unplugin-bpf/core/object'
import { codecFor, createHandles, mergeRings, type RingBuffer, type UserRing } from '@unplugin-bpf/core/runtime'
import { createVm } from '@unplugin-bpf/core/vm'
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { afterEach, describe, expect, it } from 'vitest'
import { u64 } from '../../../packages/core/src/types/types.ts'
import { KernelRing } from '../../../packages/loader/src/ring/kernel-ring.ts'
import { asmObject, mapSpec } from '../../support/asm-object.ts'
import { C_PRELUDE, compileC, missingClang } from '../../support/clang-object.ts'

const usable = kernelUsable()
const reason = usable.ok ? '' : ` (skipped: ${usable.reason})`

const opened: Disposable[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one[Symbol.dispose]()
})

/** Reserves 16 bytes, the first 8 packet bytes twice; counts what did not fit in `NAME_lost`. */
const emit = (ring: string) => `
  r6 = *(u32 *)(r1 + 0)
  r2 = *(u32 *)(r1 + 4)
  r3 = r6
  r3 += 8
  if r3 > r2 goto out
  r1 = map ${ring}
  r2 = 16
  r3 = 0
  call bpf_ringbuf_reserve
  if r0 == 0 goto full
  r1 = *(u64 *)(r6 + 0)
  *(u64 *)(r0 + 0) = r1
  *(u64 *)(r0 + 8) = r1
  r1 = r0
  r2 = 0
  call bpf_ringbuf_submit
  r0 = 2
  exit
full:
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = map a_lost
  call bpf_map_lookup_elem
  if r0 == 0 goto out
  r1 = *(u64 *)(r0 + 0)
  r1 += 1
  *(u64 *)(r0 + 0) = r1
out:
  r0 = 1
  exit`

const ringSpec = (name: string, bytes: number) =>
  mapSpec(name, 'ringbuf', { keySize: 0, valueSize: 0, maxEntries: bytes })
const object = asmObject({ emit_a: emit('a'), emit_b: emit('b') }, [
  ringSpec('a', 4096),
  ringSpec('b', 64 * 1024),
  mapSpec('a_lost', 'percpu_array', { maxEntries: 1 }),
])
const meta = {
  name: 'rings',
  maps: {
    a: { name: 'a', kind: 'ringbuf', value: codecFor(u64) },
    b: { name: 'b', kind: 'ringbuf', value: codecFor(u64) },
  },
  programs: {
    a: { name: 'emit_a', section: 'xdp', type: 'xdp' },
    b: { name: 'emit_b', section: 'xdp', type: 'xdp' },
  },
}
type Rings = { readonly a: RingBuffer<bigint>; readonly b: RingBuffer<bigint> }

function packet(n: number): Uint8Array {
  const bytes = new Uint8Array(60)
  new DataView(bytes.buffer).setUint32(0, n, true)
  return bytes
}

const backends = [
  { where: 'VM', skip: false, load: () => createVm(object) },
  { where: `kernel${reason}`, skip: !usable.ok, load: () => loadKernelObject(object) },
]
for (const { where, skip, load } of backends) {
  describe.skipIf(skip)(`rings in the ${where}`, () => {
    function open() {
      const loaded = createHandles(load(), meta)
      opened.push(loaded)
      const programs = loaded.programs as Record<'a' | 'b', { run(p: Uint8Array): { retval: number } }>
      return { loaded, maps: loaded.maps as Rings, programs }
    }

    it('a cursor reads 20,000 records in place, across the end of the buffer', () => {
      const { maps, programs } = open()
      using cursor = maps.b.cursor()
      let expected = 0
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 1000; i++) programs.b.run(packet(round * 1000 + i))
        while (cursor.next()) {
          expect([cursor.length, cursor.u32(0), cursor.u64(8)]).toEqual([16, expected, BigInt(expected)])
          expected++
        }
      }
      expect(expected).toBe(20_000)
      expect(maps.b.pending).toBe(0)
    })

    it('a cursor stays inside of its record', () => {
      const { maps, programs } = open()
      programs.b.run(packet(0x81))
      programs.b.run(packet(2))
      const cursor = maps.b.cursor()
      expect(() => cursor.u8(0)).toThrow(RangeError)
      expect(cursor.next()).toBe(true)
      expect([cursor.u8(0), cursor.u16(0), cursor.i32(0), cursor.i64(0)]).toEqual([0x81, 0x81, 0x81, 0x81n])
      expect(cursor.bytes(0, 2)).toEqual(Uint8Array.of(0x81, 0))
      expect(cursor.bytes()).toHaveLength(16)
      for (const offset of [13, -1, 1e9]) expect(() => cursor.u32(offset)).toThrow(/the record has 16 bytes; 4 at/)
      cursor.close()
      cursor.close()
      expect(cursor.next()).toBe(false)
      expect(maps.b.drain()).toEqual([2n])
    })

    it('counts what the program counts as lost', () => {
      const { maps, programs } = open()
      let refused = 0
      for (let i = 0; i < 300; i++) if (programs.a.run(packet(i)).retval === 1) refused++
      expect(refused).toBeGreaterThan(0)
      expect([maps.a.lost, maps.b.lost]).toEqual([refused, undefined])
      expect(maps.a.drain()).toHaveLength(300 - refused)
      expect(inspect(maps.a)).toContain(`lost: ${refused}`)
    })

    it('two rings as one stream', async () => {
      const { loaded, maps, programs } = open()
      for (let i = 0; i < 5; i++) {
        programs.a.run(packet(i))
        programs.b.run(packet(10 + i))
      }
      const seen: Record<'a' | 'b', bigint[]> = { a: [], b: [] }
      for await (const [ring, record] of mergeRings({ a: maps.a, b: maps.b })) {
        seen[ring].push(record)
        if (seen.a.length + seen.b.length === 10) break
      }
      expect(seen).toEqual({ a: [0n, 1n, 2n, 3n, 4n], b: [10n, 11n, 12n, 13n, 14n] })
      loaded.close()
      for await (const _ of mergeRings(maps)) expect.fail('closed')
    })
  })
}

describe.skipIf(!usable.ok)(`rings only in the kernel${reason}`, () => {
  it('notices another consumer', () => {
    const loaded = loadKernelObject(object)
    opened.push(loaded)
    const map = loaded.maps.get('b')!
    const other = new KernelRing(map.fd, map.spec)
    try {
      loaded.programs.get('emit_b')!.run({ data: packet(1) })
      expect(other.drain(() => {}, 10)).toBe(1)
      expect(() => map.ring!.drain(() => {}, 10)).toThrow('ring buffer "b" has another consumer')
      expect(() => map.ring!.cursor()).toThrow('only one can read a ring buffer')
    } finally {
      other.close()
    }
  })

  it('perf buffers: records per CPU, sizes, and the count of the lost', async () => {
    const send = `
      r6 = r1
      r1 = 7
      *(u64 *)(r10 - 8) = r1
      r1 = r6
      r2 = map events
      w3 = -1
      r4 = r10
      r4 += -8
      r5 = 8
      call bpf_perf_event_output
      r0 = 2
      exit`
    const perf = asmObject({ send }, [mapSpec('events', 'perf_event_array', { valueSize: 4, maxEntries: 0 })])
    const spec = { ...perf.maps[0]!, maxEntries: 128 }
    const loaded = createHandles(loadKernelObject({ ...perf, maps: [spec] }), {
      name: 'perf',
      maps: { events: { name: 'events', kind: 'perf_event_array', value: codecFor(u64) } },
      programs: { send: { name: 'send', section: 'xdp', type: 'xdp' } },
    })
    opened.push(loaded)
    const events = (loaded.maps as { events: RingBuffer<bigint> }).events
    const run = (repeat: number) => loaded.raw.programs.get('send')!.run({ data: new Uint8Array(64), repeat })
    expect(events.drain()).toEqual([])
    run(3)
    expect(events.drain(2)).toEqual([7n, 7n])
    expect(events.drain()).toEqual([7n])
    const heard: bigint[] = []
    const stop = events.on((record) => heard.push(record))
    run(2)
    for (let i = 0; i < 200 && heard.length < 2; i++) await wait(10)
    stop()
    expect(heard).toEqual([7n, 7n])
    // Far more than the 256 KiB of one CPU hold.
    run(20_000)
    let taken = events.drain().length
    expect(taken).toBeLessThan(20_000)
    // The kernel reports a CPU's losses with the next record there that fits, and this process changes CPUs.
    let produced = 20_000
    for (let i = 0; i < 1000 && taken + events.lost! < produced; i++) {
      run(1)
      produced++
      taken += events.drain().length
      await wait(1)
    }
    expect(taken + events.lost!).toBe(produced)
  })
})

const missing = usable.ok ? missingClang() : usable.reason
describe.skipIf(missing !== undefined)(`user ring buffers${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const code = `${C_PRELUDE}
struct { __uint(type, 31); __uint(max_entries, 4096); } commands SEC(".maps");
u64 sum = 0;
static long take(void *dynptr, void *ctx) {
  u64 value = 0;
  bpf_dynptr_read(&value, sizeof value, dynptr, 0, 0);
  sum += value;
  return 0;
}
SEC("xdp") int drain(struct xdp_md *ctx) { return bpf_user_ringbuf_drain(&commands, take, 0, 0); }`

  it('hand 10,000 records to a program, refusing when full', () => {
    const loaded = createHandles(loadKernelObject(fromElf(compileC(code))), {
      name: 'user',
      maps: { commands: { name: 'commands', kind: 'user_ringbuf', value: codecFor(u64) } },
      programs: {},
      globals: { sum: { name: 'sum', value: codecFor(u64) } },
    })
    opened.push(loaded)
    const { commands } = loaded.maps as { commands: UserRing<bigint> }
    const drain = () => loaded.raw.programs.get('drain')!.run({ data: new Uint8Array(64) }).retval
    let pushed = 0
    let taken = 0
    let refusals = 0
    while (pushed < 10_000) {
      if (commands.push(BigInt(pushed))) pushed++
      else {
        refusals++
        expect(commands.pending).toBe(4096)
        taken += drain()
      }
    }
    taken += drain()
    expect([taken, commands.pending]).toEqual([10_000, 0])
    expect(refusals).toBeGreaterThan(10)
    expect((loaded.globals as { sum: bigint }).sum).toBe((9999n * 10_000n) / 2n)
  })
})
