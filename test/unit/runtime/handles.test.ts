import { inspect } from 'node:util'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { toElf } from '../../../packages/core/src/object/to-elf.ts'
import { codecFor } from '../../../packages/core/src/runtime/codec.ts'
import { type Backends, defineModule } from '../../../packages/core/src/runtime/define-module.ts'
import { createHandles } from '../../../packages/core/src/runtime/object-handle.ts'
import type { ArrayMap, LoadedObject, LpmKey, XdpProgram } from '../../../packages/core/src/runtime/types.ts'
import { u32, u64 } from '../../../packages/core/src/types/types.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import { counting, handObject, mapDecl } from '../../support/objects.ts'
import { key, meta, numbered, object, type Shape } from './fixture.ts'

const load = (cpus = 1): LoadedObject<Shape> => createHandles<Shape>(createVm(object, { cpus }), meta)

describe('array maps', () => {
  test('always have values; indexes are checked', () => {
    const { pktCount } = load().maps
    expectTypeOf(pktCount.get(0)).toEqualTypeOf<bigint>()
    expect(pktCount.get(0)).toBe(0n)
    expect(pktCount.set(3, 9n).get(3)).toBe(9n)
    expect([...pktCount]).toEqual([
      [0, 0n],
      [1, 0n],
      [2, 0n],
      [3, 9n],
    ])
    expect([pktCount.size, pktCount.has(3), pktCount.has(4)]).toEqual([4, true, false])
    expect(() => pktCount.get(4)).toThrow(new RangeError('map pkt_count: index 4 is not in 0 .. 3'))
    expect(() => pktCount.get('0' as never)).toThrow(TypeError)
    expect(() => pktCount.set(0, 2n ** 64n)).toThrow('does not fit u64')
    expect(() => pktCount.set(0, 5 as never)).toThrow('write 5n')
    pktCount.clear()
    expect([...pktCount.values()]).toEqual([0n, 0n, 0n, 0n])
  })

  test('per CPU: one value each, or the same for all', () => {
    const { rx } = load(3).maps
    rx.set(1, [1n, 2n, 3n])
    expect(rx.get(1)).toEqual([1n, 2n, 3n])
    expect(rx.sum(1)).toBe(6n)
    rx.set(0, 5n)
    expect(rx.perCpu(0)).toEqual([5n, 5n, 5n])
    expect(() => rx.set(0, [1n])).toThrow('one value per CPU (3), got 1')
    expect(rx.cpus).toBe(3)
  })
})

describe('hash maps', () => {
  test('struct keys, insert, replace, delete, iteration', () => {
    const { flows } = load().maps
    expect(flows.get(key(80))).toBeUndefined()
    flows.set(key(80), 1n).set(key(443), 2n)
    expect(flows.get(key(443))).toBe(2n)
    expect(flows.insert(key(80), 5n)).toBe(false)
    expect(flows.replace(key(81), 5n)).toBe(false)
    expect(flows.replace(key(80), 5n)).toBe(true)
    expect([...flows.entries()]).toEqual([
      [key(80), 5n],
      [key(443), 2n],
    ])
    expect(flows.size).toBe(2)
    expect(flows.delete(key(80))).toBe(true)
    expect(flows.delete(key(80))).toBe(false)
    expect(flows.has(key(443))).toBe(true)
    flows.clear()
    expect(flows.size).toBe(0)
  })

  test('a full map says so, with the errno as code', () => {
    const { flows } = load().maps
    for (const port of [1, 2, 3]) flows.set(key(port), 0n)
    expect(() => flows.set(key(4), 0n)).toThrow(expect.objectContaining({ code: 'E2BIG' }))
    expect(() => flows.set(key(4), 0n)).toThrow('map flows: no room for the entry (max_entries is 3)')
    flows.set(key(3), 7n)
    expect(flows.get(key(3))).toBe(7n)
  })

  test('deleting while iterating visits each entry once', () => {
    const { flows } = load().maps
    for (const port of [1, 2, 3]) flows.set(key(port), BigInt(port))
    const seen: number[] = []
    for (const [{ dstPort }] of flows) {
      seen.push(dstPort)
      flows.delete(key(dstPort))
    }
    expect(seen).toEqual([1, 2, 3])
    expect(flows.size).toBe(0)
  })

  test('per CPU', () => {
    const { perPort } = load(2).maps
    expect(perPort.get(80)).toBeUndefined()
    perPort.set(80, [3n, 4n])
    expect(perPort.get(80)).toEqual([3n, 4n])
    expect(perPort.sum(80)).toBe(7n)
    expect(perPort.sum(81)).toBeUndefined()
  })

  test('without types: bytes', () => {
    const { blobs } = load().maps
    blobs.set(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3, 4, 5))
    expect([...blobs]).toEqual([[Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3, 4, 5)]])
    expect(() => blobs.get(Uint8Array.of(1))).toThrow('expected 3 bytes, got 1')
  })

  test('LPM: longest prefix', () => {
    const { routes } = load().maps
    const prefix = (prefixLength: number, ...data: number[]): LpmKey => ({ prefixLength, data: Uint8Array.from(data) })
    routes
      .set(prefix(8, 10, 0, 0, 0), 1)
      .set(prefix(24, 10, 1, 2, 0), 2)
      .set(prefix(0, 0, 0, 0, 0), 3)
    expect(routes.get(prefix(32, 10, 1, 2, 3))).toBe(2)
    expect(routes.get(prefix(32, 10, 9, 9, 9))).toBe(1)
    expect(routes.get(prefix(32, 192, 168, 0, 1))).toBe(3)
    expect(routes.size).toBe(3)
    expect(routes.delete(prefix(8, 10, 0, 0, 0))).toBe(true)
    expect(routes.get(prefix(32, 10, 9, 9, 9))).toBe(3)
    expect(() => routes.get(prefix(33, 1, 2, 3, 4))).toThrow('prefixLength: 33, but the data has 32 bits')
  })
})

describe('ring buffers', () => {
  test('for await gets every record in order, also those from before and between the steps', async () => {
    const { maps, programs } = load()
    programs.emit.run(numbered(0))
    const got: bigint[] = []
    setTimeout(() => [1, 2, 3].map((n) => programs.emit.run(numbered(n))), 1)
    for await (const { seq, kind } of maps.events) {
      got.push(seq)
      expect(kind).toBe(1)
      if (seq === 3n) programs.emit.run(numbered(4))
      if (seq === 4n) break
    }
    expect(got).toEqual([0n, 1n, 2n, 3n, 4n])
  })

  test('leaving the loop stops reading; the next loop goes on', async () => {
    const { maps, programs } = load()
    programs.emit.run(numbered(1))
    for await (const _ of maps.events) break
    programs.emit.run(numbered(2))
    await new Promise((resolve) => setTimeout(resolve, 1))
    expect(maps.events.drain().map((e) => e.seq)).toEqual([2n])
  })

  test('close ends the loop', async () => {
    const loaded = load()
    setTimeout(() => loaded.close(), 1)
    const got: bigint[] = []
    for await (const { seq } of loaded.maps.events) got.push(seq)
    expect(got).toEqual([])
    for await (const { seq } of loaded.maps.events) got.push(seq)
    expect(got).toEqual([])
    expect(() => loaded.maps.events.drain()).toThrow('filter.bpf.lisp: map events: the object is closed')
  })

  test('listeners and iterators all get every record, until they stop', async () => {
    const { maps, programs } = load()
    const heard: bigint[] = []
    const stop = maps.events.on((e) => heard.push(e.seq))
    for (const n of [1, 2]) programs.emit.run(numbered(n))
    await new Promise((resolve) => setTimeout(resolve, 1))
    stop()
    programs.emit.run(numbered(3))
    await new Promise((resolve) => setTimeout(resolve, 1))
    expect(heard).toEqual([1n, 2n])
    expect(maps.events.drain()).toHaveLength(1)
  })

  test('a full ring refuses; draining makes room; nothing committed is lost', () => {
    const { maps, programs } = load()
    const verdicts = Array.from({ length: 200 }, (_, n) => programs.emit.run(numbered(n)).retval)
    // 24 bytes a record with its header; the ring keeps at least 8 bytes free.
    const fit = Math.floor(4095 / 24)
    expect(verdicts.filter((v) => v === 2)).toHaveLength(fit)
    expect(maps.events.drain(10).map((e) => e.seq)).toEqual(Array.from({ length: 10 }, (_, n) => BigInt(n)))
    expect(programs.emit.run(numbered(999)).retval).toBe(2)
    const rest = maps.events.drain()
    expect(rest).toHaveLength(fit - 10 + 1)
    expect(rest.at(-1)!.seq).toBe(999n)
  })

  test('many records pass a slow reader in bounded steps', async () => {
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
      if (expected === 2000n) break
    }
    expect(expected).toBe(2000n)
  })
})

describe('objects', () => {
  test('tail call targets by key, ELF name or handle', () => {
    const { maps, programs } = load()
    expect(programs.jumper.run(numbered(0)).retval).toBe(0)
    maps.jumps.set(1, programs.seven)
    expect(programs.jumper.run(numbered(0)).retval).toBe(7)
    expect([maps.jumps.has(1), maps.jumps.has(0)]).toEqual([true, false])
    maps.jumps.clear()
    expect(programs.jumper.run(numbered(0)).retval).toBe(0)
    maps.jumps.set(1, 'seven')
    expect(programs.jumper.run(numbered(0)).retval).toBe(7)
    expect(() => maps.jumps.set(1, load().programs.seven)).toThrow('belongs to another object')
    expect(() => maps.jumps.set(1, 'sevn')).toThrow('did you mean seven?')
  })

  test('unknown names come with the near one; by ELF name', () => {
    const loaded = load()
    expect(loaded.map('pkt_count')).toBe(loaded.maps.pktCount)
    expect(loaded.program('emit')).toBe(loaded.programs.emit)
    expect(() => loaded.map('pktCount')).toThrow('filter.bpf.lisp has no map pktCount; did you mean pkt_count?')
    expect(() => loaded.program('zzzzzzzzz')).toThrow('it has emit, jumper, seven')
  })

  test('everything throws after close; disposing twice is fine', () => {
    const loaded = load()
    const { maps, programs } = loaded
    loaded.close()
    loaded[Symbol.dispose]()
    expect(loaded.closed).toBe(true)
    expect(() => maps.pktCount.get(0)).toThrow('filter.bpf.lisp: map pkt_count: the object is closed')
    expect(() => [...maps.flows]).toThrow('closed')
    expect(() => programs.emit.run(numbered(0))).toThrow('program emit: the object is closed')
    expect(() => loaded.map('pkt_count')).toThrow('closed')
  })

  test('attaching in the VM says what to do', () => {
    expect(() => load().programs.emit.attach({ ifname: 'veth0' })).toThrow('cannot attach programs; call run()')
  })

  test('console.log shows names and contents', () => {
    const loaded = load(2)
    loaded.maps.pktCount.set(0, 5n)
    expect(inspect(loaded.maps.pktCount)).toContain('ArrayMap pkt_count (4) { 0 => 5n')
    expect(inspect(loaded.maps.rx)).toMatch(/PerCpuArrayMap rx \(4\) \{\s+0 => \[ 0n, 0n \]/)
    expect(inspect(loaded.programs.emit)).toBe('Program emit (xdp, section xdp)')
    expect(inspect(loaded)).toContain('LoadedObject filter.bpf.lisp (vm)')
    loaded.close()
    expect(inspect(loaded.maps.pktCount)).toBe('ArrayMap pkt_count <closed>')
  })

  test('codecs of another size than the map are refused', () => {
    const wrong = { ...meta, maps: { pktCount: { name: 'pkt_count', kind: 'array', value: codecFor(u32) } } }
    expect(() => createHandles(createVm(object), wrong)).toThrow('map pkt_count: the value type has 4 bytes, the map 8')
  })
})

describe('defineModule', () => {
  const hand = handObject({ programs: [{ name: 'count', code: counting('hits', 2) }], maps: [mapDecl('hits')] })
  const moduleMeta = {
    name: 'count.bpf.lisp',
    elf: toElf(hand),
    maps: { hits: { name: 'hits', kind: 'array', value: codecFor(u64) } },
    programs: { count: { name: 'count', section: 'xdp', type: 'xdp' } },
    structs: {},
    constants: { LIMIT: 5 },
  }
  interface CountShape {
    maps: { readonly hits: ArrayMap<bigint> }
    programs: { readonly count: XdpProgram }
    structs: object
    constants: { readonly LIMIT: 5 }
  }
  const vm: Backends['vm'] = (o) => createVm(o)
  const kernel: Backends['kernel'] = () => {
    throw new Error('kernel chosen')
  }
  const define = (backends: Backends) => defineModule<CountShape>(moduleMeta, backends)

  test('reads the ELF, runs in the VM; loads do not share maps', () => {
    const module = define({ vm })
    expect(module.constants.LIMIT).toBe(5)
    expect(module.programs.count.section).toBe('xdp')
    const [a, b] = [module.load({ backend: 'vm' }), module.load({ backend: 'vm' })]
    expect(a.programs.count.run(numbered(0)).retval).toBe(2)
    expect([a.maps.hits.get(0), b.maps.hits.get(0), a.backend]).toEqual([1n, 0n, 'vm'])
  })

  test('explicit choice, then the environment, then the kernel', () => {
    const env = (value: string) => (name: string) => (name === 'UNPLUGIN_BPF_BACKEND' ? value : undefined)
    expect(() => define({ vm, kernel }).load()).toThrow('kernel chosen')
    expect(define({ vm, kernel, env: env('vm') }).load().backend).toBe('vm')
    expect(() => define({ vm, kernel, env: env('vm') }).load({ backend: 'kernel' })).toThrow('kernel chosen')
    expect(() => define({ vm, kernel, env: env('kernl') }).load()).toThrow('unknown backend "kernl"')
  })

  test('auto takes the kernel where it is usable', () => {
    const auto = { backend: 'auto' } as const
    expect(define({ vm }).load(auto).backend).toBe('vm')
    expect(define({ vm, kernel, kernelUsable: () => ({ ok: false, reason: 'no' }) }).load(auto).backend).toBe('vm')
    expect(() => define({ vm, kernel, kernelUsable: () => ({ ok: true }) }).load(auto)).toThrow('kernel chosen')
  })

  test('no kernel in this build', () => {
    expect(() => define({ vm }).load()).toThrow("run it in the VM with load({ backend: 'vm' })")
  })
})
