/** Ring buffers: order, discarded records, a full buffer, readiness, positions beyond 2^32 in the data's low half. */

import type { Insn } from '@unplugin-bpf/core/object'
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { afterEach, describe, expect, it } from 'vitest'
import * as asm from './asm.ts'

const usable = kernelUsable()
const title = usable.ok ? 'ring buffers in the kernel' : `ring buffers in the kernel (skipped: ${usable.reason})`

const opened: Disposable[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one[Symbol.dispose]()
})

/**
 * XDP: n = seen[0]++; reserve `size` bytes in `events`; when there is room, record.u64[0] = n and submit (or, when
 * `finish` is discard, discard); returns 1 when there was no room, else 2.
 */
function writer(size: number, finish: 'submit' | 'discard', ringBytes = 4096) {
  const insns: Insn[] = [
    asm.store32(10, -4, 0),
    asm.movReg(2, 10),
    asm.addImm(2, -4),
    asm.loadMap(1), // slots 3, 4
    asm.call(asm.HELPERS.lookup),
    asm.jumpEq(0, 0, 15), // slot 6 -> 22
    asm.load64(7, 0, 0),
    asm.movImm(1, 1),
    asm.atomicAdd64(0, 0, 1),
    asm.loadMap(1), // slots 10, 11
    asm.movImm(2, size),
    asm.movImm(3, 0),
    asm.call(asm.HELPERS.ringbufReserve),
    asm.jumpEq(0, 0, 6), // slot 15 -> 22
    asm.storeReg64(0, 0, 7),
    asm.movReg(1, 0),
    asm.movImm(2, 0),
    asm.call(asm.HELPERS[finish]),
    asm.movImm(0, 2),
    asm.exit(),
    asm.movImm(0, 1), // slot 22
    asm.exit(),
  ]
  const loaded = loadKernelObject(
    asm.object(
      [
        asm.mapSpec('seen', 'array', { maxEntries: 1 }),
        asm.mapSpec('events', 'ringbuf', { keySize: 0, valueSize: 0, maxEntries: ringBytes }),
      ],
      [asm.program('writer', insns, { relocations: [asm.mapAt(3, 'seen'), asm.mapAt(10, 'events')] })],
    ),
  )
  opened.push(loaded)
  const write = (repeat = 1) => loaded.programs.get('writer')!.run({ data: new Uint8Array(64), repeat }).retval
  return { loaded, write, ring: loaded.maps.get('events')!.ring! }
}

const first = (record: Uint8Array) => new DataView(record.buffer, record.byteOffset).getUint32(0, true)

describe.skipIf(!usable.ok)(title, () => {
  it('hands out 10,000 records in order, written faster than the buffer is large', () => {
    const { write, ring } = writer(64, 'submit', 64 * 1024)
    const seen: number[] = []
    for (let i = 0; i < 20; i++) {
      write(500)
      ring.drain((record) => {
        expect(record.length).toBe(64)
        seen.push(first(record))
      }, 1000)
    }
    expect(seen).toEqual(Array.from({ length: 10_000 }, (_, i) => i))
  })

  it('a full buffer refuses new records and keeps the old ones', () => {
    const { write, ring } = writer(56, 'submit')
    // 64 bytes a record, and the producer never fills the last byte
    let written = 0
    while (write() === 2) written++
    expect(written).toBeGreaterThanOrEqual(63)
    expect(written).toBeLessThanOrEqual(64)
    expect(write()).toBe(1)
    const seen: number[] = []
    expect(ring.drain((record) => seen.push(first(record)), 10)).toBe(10)
    expect(write()).toBe(2)
    ring.drain((record) => seen.push(first(record)), 1000)
    // two refused attempts took a number without leaving a record
    expect(seen).toEqual([...Array.from({ length: written }, (_, i) => i), written + 2])
    expect(ring.drain(() => {}, 1000)).toBe(0)
  })

  it('skips discarded records without counting them', () => {
    const { write, ring } = writer(32, 'discard')
    write(50)
    expect(ring.drain(() => expect.unreachable(), 1000)).toBe(0)
    write(50)
    expect(ring.drain(() => expect.unreachable(), 1)).toBe(0)
  })

  it('releases what was handed out when the callback throws', () => {
    const { write, ring } = writer(32, 'submit')
    write(5)
    const seen: number[] = []
    const take = (record: Uint8Array) => {
      seen.push(first(record))
      if (seen.length === 2) throw new Error('stop')
    }
    expect(() => ring.drain(take, 100)).toThrow('stop')
    ring.drain(take, 100)
    expect(seen).toEqual([0, 1, 2, 3, 4])
  })

  it('hands out a record larger than the copying window, and one that wraps around', () => {
    const { write, ring } = writer(100_000, 'submit', 256 * 1024)
    for (let i = 0; i < 7; i++) {
      expect(write()).toBe(2)
      const sizes: number[] = []
      ring.drain((record) => sizes.push(record.length, first(record)), 10)
      expect(sizes).toEqual([100_000, i])
    }
  })

  it('survives being closed in the middle of a drain', () => {
    const { write, ring, loaded } = writer(32, 'submit')
    write(5)
    let taken = 0
    ring.drain(() => {
      taken++
      loaded.close()
    }, 100)
    expect(taken).toBe(1)
    expect(ring.drain(() => {}, 100)).toBe(0)
  })

  it('wakes listeners, both of them, until they stop', async () => {
    const { write, ring } = writer(32, 'submit')
    const seen: number[] = []
    let wakes = 0
    const stopCounting = ring.onReadable(() => wakes++)
    await new Promise<void>((resolve) => {
      const stop = ring.onReadable(() => {
        ring.drain((record) => seen.push(first(record)), 100)
        if (seen.length === 3) {
          stop()
          stop()
          resolve()
        } else setTimeout(write, 1)
      })
      write()
    })
    expect(seen).toEqual([0, 1, 2])
    expect(wakes).toBeGreaterThanOrEqual(3)
    stopCounting()
    const before = wakes
    write()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(wakes).toBe(before)
  })

  it('goes on past a position of 2^32', () => {
    // 2^32 bytes in records of 8 MiB: 513 of them, with a ring of 16 MiB
    const size = 8 * 1024 * 1024 - 8
    const { write, ring } = writer(size, 'submit', 16 * 1024 * 1024)
    for (let i = 0; i < 516; i++) {
      expect(write()).toBe(2)
      let seen = -1
      expect(ring.drain((record) => (seen = first(record)), 1)).toBe(1)
      expect(seen).toBe(i)
    }
  })
})
