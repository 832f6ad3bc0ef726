import { afterEach, describe, expect, test } from 'vitest'
import { createHandles } from '../../../packages/core/src/runtime/object-handle.ts'
import type { LoadedObject, LpmKey } from '../../../packages/core/src/runtime/types.ts'
import { kernelUsable, loadKernelObject } from '../../../packages/loader/src/index.ts'
import { key, meta, numbered, object, type Shape } from './fixture.ts'

/** The same handles over a real kernel object. */
const usable = kernelUsable()
const open: LoadedObject[] = []
afterEach(() => {
  for (const loaded of open.splice(0)) loaded.close()
})
function load(): LoadedObject<Shape> {
  const loaded = createHandles<Shape>(loadKernelObject(object), meta)
  open.push(loaded as unknown as LoadedObject)
  return loaded
}

describe.skipIf(!usable.ok)(`handles over the kernel${usable.ok ? '' : ` (skipped: ${usable.reason})`}`, () => {
  test('arrays, hashes, per-CPU maps, LPM', () => {
    const { maps, backend } = load()
    expect(backend).toBe('kernel')
    expect(maps.pktCount.set(3, 9n).get(3)).toBe(9n)
    expect([...maps.pktCount].map(([, value]) => value)).toEqual([0n, 0n, 0n, 9n])
    maps.flows.set(key(80), 1n).set(key(443), 2n)
    expect(maps.flows.insert(key(80), 5n)).toBe(false)
    expect(maps.flows.replace(key(81), 5n)).toBe(false)
    expect(new Map([...maps.flows].map(([k, v]) => [k.dstPort, v]))).toEqual(new Map([[80, 1n], [443, 2n]])) // biome-ignore format: short
    expect(() => maps.flows.set(key(1), 0n).set(key(2), 0n)).toThrow(expect.objectContaining({ code: 'E2BIG' }))
    maps.flows.clear()
    expect(maps.flows.size).toBe(0)
    maps.rx.set(1, 5n)
    expect(maps.rx.sum(1)).toBe(5n * BigInt(maps.rx.cpus))
    maps.perPort.set(80, 2n)
    expect(maps.perPort.get(80)).toHaveLength(maps.perPort.cpus)
    const prefix = (prefixLength: number, ...data: number[]): LpmKey => ({ prefixLength, data: Uint8Array.from(data) })
    maps.routes.set(prefix(8, 10, 0, 0, 0), 1).set(prefix(24, 10, 1, 2, 0), 2)
    expect(maps.routes.get(prefix(32, 10, 1, 2, 3))).toBe(2)
    expect(maps.routes.get(prefix(32, 10, 9, 9, 9))).toBe(1)
    expect(maps.routes.size).toBe(2)
  })

  test('ring buffer: order kept between steps, leaving and closing end it', async () => {
    const loaded = load()
    const { maps, programs } = loaded
    programs.emit.run(numbered(0))
    const got: bigint[] = []
    setTimeout(() => [1, 2, 3].map((n) => programs.emit.run(numbered(n))), 1)
    for await (const { seq } of maps.events) {
      got.push(seq)
      if (seq === 3n) break
    }
    expect(got).toEqual([0n, 1n, 2n, 3n])
    programs.emit.run(numbered(4))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(maps.events.drain().map((e) => e.seq)).toEqual([4n])
    const heard: bigint[] = []
    const stop = maps.events.on((e) => heard.push(e.seq))
    programs.emit.run(numbered(5))
    await new Promise((resolve) => setTimeout(resolve, 20))
    stop()
    expect(heard).toEqual([5n])
    setTimeout(() => loaded.close(), 1)
    for await (const _ of maps.events) expect.fail('no record is left')
  })

  test('5000 records pass a slow reader; none is lost that the ring took', async () => {
    const { maps, programs } = load()
    let next = 0
    const produce = () => {
      while (programs.emit.run(numbered(next)).retval === 2) next++
    }
    produce()
    let expected = 0n
    for await (const { seq } of maps.events) {
      expect(seq).toBe(expected++)
      if (seq % 100n === 0n) produce()
      if (expected === 5000n) break
    }
    expect(expected).toBe(5000n)
  })

  test('tail call targets', () => {
    const { maps, programs } = load()
    expect(programs.jumper.run(numbered(0)).retval).toBe(0)
    maps.jumps.set(1, 'seven')
    expect([maps.jumps.has(1), maps.jumps.has(0)]).toEqual([true, false])
    expect(programs.jumper.run(numbered(0)).retval).toBe(7)
    maps.jumps.clear()
    expect(programs.jumper.run(numbered(0)).retval).toBe(0)
  })
})
