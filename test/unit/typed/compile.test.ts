/** Core forms through the whole pipeline: what the VM computes, with every optional pass and with none. */
import { describe, expect, it } from 'vitest'
import { compileModule } from '../../../packages/core/src/compile.ts'
import { CompileError } from '../../../packages/core/src/diag/compile-error.ts'
import type { MapDecl } from '../../../packages/core/src/forms/module.ts'
import type { Form } from '../../../packages/core/src/forms/node.ts'
import { fromElf } from '../../../packages/core/src/object/from-elf.ts'
import { i8, i32, u8, u16, u32, u64 } from '../../../packages/core/src/types/types.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import * as f from '../../support/form-builders.ts'
import { bpftoolLoad, canUseKernel, skipNote } from '../../support/kernel-oracle.ts'

const packet = Uint8Array.from({ length: 64 }, (_, i) => i + 1)
const kernel = canUseKernel()

/** Verdict and maps after one run, the same with and without optimization. */
function run(body: Form, maps: readonly MapDecl[] = []) {
  const results = [[], ['all']].map((skip) => {
    const { object } = compileModule(f.moduleOf([f.program(body)], maps), { skip })
    using vm = disposable(createVm(object))
    const { retval } = vm.value.programs.get('p')!.run({ data: packet })
    const entries = maps.map((map) => {
      const backend = vm.value.maps.get(map.name)!
      return Object.fromEntries(
        [0, 1, 2].flatMap((key) => {
          const value = backend.lookup(Uint8Array.of(key, 0, 0, 0).subarray(0, map.keySize))
          return value ? [[key, value[0]! + 256 * value[1]!]] : []
        }),
      )
    })
    return { retval, entries }
  })
  expect(results[0]).toEqual(results[1])
  return results[0]!
}

function disposable<T extends { close(): void }>(value: T) {
  return { value, [Symbol.dispose]: () => value.close() }
}

const returns = (body: Form) => run(body).retval

/** Runs `body` with a local that points to the packet, whose first 16 bytes may be read. */
function withPacket(body: (data: Form) => Form): Form {
  const data = f.local('data')
  const check = f.cmp('ugt', f.bin('add', f.get(data), f.num(16)), f.ctxLoad(u32, 4))
  return f.let_(data, f.ctxLoad(u32, 0), f.if_(check, f.ret(f.num(99))), body(f.get(data)))
}

describe('values', () => {
  it('computes on 64 bits', () => {
    expect(returns(withPacket((p) => f.bin('add', f.load(u8, p, 0), f.load(u8, p, 1))))).toBe(3)
    expect(returns(withPacket((p) => f.load(u16, p, 0)))).toBe(0x0201)
    expect(returns(withPacket((p) => f.bin('lshr', f.bin('sub', f.load(u8, p), f.num(2)), f.num(60))))).toBe(15)
    expect(returns(withPacket((p) => f.bin('udiv', f.num(-1), f.load(u8, p, 1))))).toBe(0xffffffff)
  })

  it('extends by type', () => {
    const x = f.local('x', i8)
    expect(returns(withPacket((p) => f.let_(x, f.bin('sub', f.load(u8, p), f.num(3)), f.get(x))))).toBe(0xfffffffe)
    expect(returns(withPacket((p) => f.cast(u8, f.bin('sub', f.load(u8, p), f.num(3)))))).toBe(0xfe)
    expect(returns(withPacket((p) => f.cmp('slt', f.cast(i32, f.bin('sub', f.load(u8, p), f.num(3))), f.num(0))))).toBe(
      1,
    )
  })

  it('gives and, or, not, one-armed if their values', () => {
    const one = (p: Form) => f.load(u8, p, 0)
    const zero = (p: Form) => f.bin('sub', f.load(u8, p, 0), f.num(1))
    expect(returns(withPacket((p) => f.or(zero(p), f.load(u8, p, 6))))).toBe(7)
    expect(returns(withPacket((p) => f.or(zero(p), zero(p))))).toBe(0)
    expect(returns(withPacket((p) => f.and(one(p), f.load(u8, p, 6))))).toBe(7)
    expect(returns(withPacket((p) => f.and(zero(p), f.load(u8, p, 6))))).toBe(0)
    expect(returns(withPacket((p) => f.not(zero(p))))).toBe(1)
    expect(returns(withPacket((p) => f.if_(zero(p), f.num(5))))).toBe(0)
  })

  it('loops', () => {
    const sum = f.local('sum')
    const i = f.local('i', u32)
    const body = (p: Form) => f.set(sum, f.bin('add', f.get(sum), f.load(u8, f.bin('add', p, f.get(i)))))
    const loop = (p: Form) => f.form('repeat', { local: i, count: 10, body: body(p) })
    expect(returns(withPacket((p) => f.let_(sum, f.num(0), loop(p), f.get(sum))))).toBe(55)
  })

  it('keeps addressed locals, buffers and copies apart', () => {
    const [a, b] = [f.local('a', u32), f.local('b')]
    const copy = (p: Form) => f.form('memcpy', { dst: f.get(b), dstOffset: 3, src: p, srcOffset: 0, size: 13 })
    const address = f.form('localAddr', { local: a })
    const body = (p: Form) =>
      f.let_(
        a,
        f.num(0x11223344),
        f.let_(b, f.alloc(16), copy(p), f.bin('add', f.load(u8, f.get(b), 15), f.load(u8, address, 3))),
      )
    expect(returns(withPacket(body))).toBe(13 + 0x11)
  })
})

describe('maps', () => {
  const counters = ['array', 'hash', 'percpu_array', 'lru_hash'] as const
  const add = (map: MapDecl, key: number, delta: number) =>
    f.form('mapAdd', { map, key: f.scalar(f.num(key)), delta: f.num(delta), op: 'add' })

  it.each(counters)('counts in %s maps', (type) => {
    const map = f.mapDecl('m', type)
    expect(run(f.seq(add(map, 1, 5), add(map, 1, 300), f.num(2)), [map])).toMatchObject({ retval: 2 })
    expect(run(f.seq(add(map, 1, 5), add(map, 1, 300), f.num(2)), [map]).entries[0]![1]).toBe(305)
  })

  it('counts, reads and sets the element of a one-entry array', () => {
    const map = f.mapDecl('m', 'array', { maxEntries: 1 })
    const key = f.scalar(f.num(0))
    const update = f.form('mapUpdate', { map, key, value: f.scalar(f.num(40)), flags: f.num(0) })
    const body = f.seq(update, add(map, 0, 2), f.form('mapGet', { map, key }))
    expect(run(body, [map])).toEqual({ retval: 42, entries: [{ 0: 42 }] })
  })

  it('addresses the element of a one-entry array directly, also after a round trip through ELF', () => {
    const map = f.mapDecl('m', 'array', { maxEntries: 1 })
    const options = { directElements: true }
    const { object, elf } = compileModule(f.moduleOf([f.program(f.seq(add(map, 0, 5), f.num(2)))], [map]), options)
    expect(object.programs[0]!.relocations).toMatchObject([{ kind: 'mapValue', map: 'm', offset: 0 }])
    for (const each of [object, fromElf(elf)]) {
      using vm = disposable(createVm(each))
      expect(vm.value.programs.get('p')!.run({ data: packet }).retval).toBe(2)
      expect(vm.value.maps.get('m')!.lookup(new Uint8Array(4))).toEqual(Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0))
    }
    if (kernel.ok) expect(bpftoolLoad(elf)).toMatchObject({ ok: true })
  })

  it('looks up where one use of the map needs its descriptor', () => {
    const map = f.mapDecl('m', 'array', { maxEntries: 1 })
    const other = f.program(f.form('mapGet', { map, key: f.scalar(f.ctxLoad(u32, 12)) }), { name: 'q' })
    const module = f.moduleOf([f.program(f.seq(add(map, 0, 5), f.num(2))), other], [map])
    const { object } = compileModule(module, { directElements: true })
    expect(object.programs.flatMap((p) => p.relocations.map((r) => r.kind))).toEqual(['map', 'map'])
  })

  it('stores, finds and deletes', () => {
    const map = f.mapDecl('m', 'hash', { valueSize: 2, valueType: u16 })
    const key = f.scalar(f.num(2))
    const update = f.form('mapUpdate', { map, key, value: f.scalar(f.num(77)), flags: f.num(0) })
    expect(run(f.seq(update, f.form('mapGet', { map, key })), [map])).toEqual({ retval: 77, entries: [{ 2: 77 }] })
    const remove = f.form('mapDelete', { map, key })
    expect(run(f.seq(update, remove, f.form('mapGet', { map, key })), [map])).toEqual({ retval: 0, entries: [{}] })
  })
})

describe.skipIf(!kernel.ok)(`kernel${skipNote(kernel)}`, () => {
  it('accepts packets, stack, maps and loops', () => {
    const hash = f.mapDecl('h', 'hash')
    const one = f.mapDecl('one', 'array', { maxEntries: 1 })
    const sum = f.local('sum')
    const i = f.local('i', u32)
    const b = f.local('b')
    const key = f.scalar(f.get(sum))
    const body = withPacket((p) =>
      f.let_(
        sum,
        f.num(0),
        f.form('repeat', { local: i, count: 8, body: f.set(sum, f.bin('add', f.get(sum), f.load(u8, p, 3))) }),
        f.let_(
          b,
          f.alloc(24, false),
          f.form('memcpy', { dst: f.get(b), dstOffset: 4, src: p, srcOffset: 1, size: 14 }),
          f.set(sum, f.bin('add', f.get(sum), f.load(u32, f.get(b), 8))),
        ),
        f.form('mapAdd', { map: hash, key, delta: f.num(1), op: 'sub' }),
        f.form('mapAdd', { map: one, key: f.scalar(f.num(0)), delta: f.get(sum), op: 'add' }),
        f.form('mapDelete', { map: hash, key }),
        f.cast(u8, f.form('mapGet', { map: one, key: f.scalar(f.num(0)) })),
      ),
    )
    for (const skip of [[], ['all']]) {
      const { elf } = compileModule(f.moduleOf([f.program(body)], [hash, one]), { skip })
      expect(bpftoolLoad(elf)).toMatchObject({ ok: true })
    }
  })
})

describe('errors', () => {
  it('collects those of all programs', () => {
    const bad = (name: string) => f.program(f.bin('mul', f.ctxLoad(u32, 0), f.num(2)), { name })
    const compile = () => compileModule(f.moduleOf([bad('a'), f.program(f.num(2)), bad('b')]))
    expect(compile).toThrow(CompileError)
    // The same place and message in both: shown once.
    expect(() => compileModule(f.moduleOf([bad('a'), f.program(f.load(u64, f.num(1)))]))).toThrow(
      /mul[\s\S]*this is a number/,
    )
  })

  it('reports a stack that is too large', () => {
    const body = f.seq(f.alloc(400), f.alloc(400), f.num(2))
    expect(() => compileModule(f.moduleOf([f.program(body)]), { skip: ['all'] })).toThrow(/stack-overflow/)
  })
})
