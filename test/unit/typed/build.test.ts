import { describe, expect, it } from 'vitest'
import { Bag } from '../../../packages/core/src/diag/diagnostic.ts'
import type { Form } from '../../../packages/core/src/forms/node.ts'
import { buildFunc } from '../../../packages/core/src/ssa/build.ts'
import { printFunc } from '../../../packages/core/src/ssa/print.ts'
import { verifyFunc } from '../../../packages/core/src/ssa/verify.ts'
import { directMaps } from '../../../packages/core/src/typed/direct-maps.ts'
import { inferTypes } from '../../../packages/core/src/typed/infer.ts'
import { i16, u8, u16, u32, u64 } from '../../../packages/core/src/types/types.ts'
import * as f from '../../support/form-builders.ts'

/** Body of the printed function, verified. */
function ssa(body: Form, direct = true): string {
  const program = f.program(body)
  const bag = new Bag()
  const typing = inferTypes(program, bag)
  const fn = buildFunc(program, typing, direct ? directMaps([typing], []) : undefined)
  expect(bag.diagnostics).toEqual([])
  verifyFunc(fn)
  return printFunc(fn, 'dense')
    .replace(/^map .*\n/gm, '')
    .replace(/^func.*\n/m, '')
    .replace(/}\n$/, '')
    .replace(/^ {2}/gm, '')
}

describe('control flow', () => {
  it('returns the value of the body', () => {
    expect(ssa(f.num(2))).toMatchInlineSnapshot(`
      "b0:
      v0 = const 2
      ret v0
      "
    `)
  })

  it('tests a comparison with one branch and joins values in a phi', () => {
    const x = f.local('x')
    expect(
      ssa(f.let_(x, f.ctxLoad(u32, 12), f.if_(f.cmp('ugt', f.get(x), f.num(10)), f.num(1), f.num(2)))),
    ).toMatchInlineSnapshot(`
      "b0:
      v0 = param 0
      v1 = load.32 v0+12
      v2 = const 10
      br.ugt.64 v1, v2 -> b1, b2
      b1:
      v3 = const 1
      jump b3
      b2:
      v4 = const 2
      jump b3
      b3:
      v5 = phi [b1: v3, b2: v4]
      ret v5
      "
    `)
  })

  it('makes no phi for a conditional whose value is not wanted', () => {
    const x = f.local('x')
    const body = f.let_(
      x,
      f.num(1),
      f.if_(f.ctxLoad(u32, 12), f.set(x, f.num(7))),
      f.if_(f.ctxLoad(u32, 16), f.num(5), f.num(6)),
      f.get(x),
    )
    expect(ssa(body)).toMatchInlineSnapshot(`
      "b0:
      v0 = param 0
      v1 = const 1
      v2 = load.32 v0+12
      v3 = const 0
      br.ne.64 v2, v3 -> b1, b2
      b1:
      v4 = const 7
      jump b2
      b2:
      v5 = phi [b0: v1, b1: v4]
      v6 = load.32 v0+16
      v7 = const 0
      br.ne.64 v6, v7 -> b3, b4
      b3:
      jump b5
      b4:
      jump b5
      b5:
      ret v5
      "
    `)
  })

  it('turns and, or, not into branches', () => {
    const a = f.ctxLoad(u32, 12)
    const b = f.ctxLoad(u32, 16)
    expect(ssa(f.if_(f.and(f.or(a, b), f.not(f.cmp('eq', a, b))), f.ret(f.num(1))))).toMatchInlineSnapshot(`
      "b0:
      v0 = param 0
      v1 = load.32 v0+12
      v2 = const 0
      br.ne.64 v1, v2 -> b2, b1
      b1:
      v3 = load.32 v0+16
      v4 = const 0
      br.ne.64 v3, v4 -> b2, b4
      b2:
      v5 = load.32 v0+12
      v6 = load.32 v0+16
      br.eq.64 v5, v6 -> b4, b3
      b3:
      v7 = const 1
      ret v7
      b4:
      v8 = const 0
      jump b5
      b5:
      ret v8
      "
    `)
  })

  it('gives and/or values: first zero or last, first non-zero', () => {
    const a = f.ctxLoad(u32, 12)
    const b = f.ctxLoad(u32, 16)
    expect(ssa(f.bin('add', f.and(a, b), f.or(a, b)))).toMatchInlineSnapshot(`
      "b0:
      v0 = param 0
      v1 = load.32 v0+12
      v2 = const 0
      br.ne.64 v1, v2 -> b1, b2
      b1:
      v3 = load.32 v0+16
      jump b3
      b2:
      v4 = const 0
      jump b3
      b3:
      v5 = phi [b1: v3, b2: v4]
      v6 = load.32 v0+12
      v7 = const 0
      br.ne.64 v6, v7 -> b5, b4
      b4:
      v8 = load.32 v0+16
      jump b5
      b5:
      v9 = phi [b3: v6, b4: v8]
      v10 = add.64 v5, v9
      ret v10
      "
    `)
  })

  it('drops what follows a return, and constant tests', () => {
    const body = f.seq(f.if_(f.num(1), f.ret(f.num(3)), f.ret(f.num(4))), f.call('ktime_get_ns'), f.num(5))
    expect(ssa(body)).toMatchInlineSnapshot(`
      "b0:
      jump b1
      b1:
      v0 = const 3
      ret v0
      "
    `)
  })

  it('tests loops at the bottom and carries variables in phis', () => {
    const sum = f.local('sum')
    const i = f.local('i', u32)
    const loop = f.form('repeat', { local: i, count: 4, body: f.set(sum, f.bin('add', f.get(sum), f.get(i))) })
    expect(ssa(f.let_(sum, f.num(0), loop, f.get(sum)))).toMatchInlineSnapshot(`
      "b0:
      v0 = const 0
      v1 = const 0
      jump b1
      b1:
      v2 = phi [b0: v1, b1: v6]
      v3 = phi [b0: v0, b1: v4]
      v4 = add.64 v3, v2
      v5 = const 1
      v6 = add.64 v2, v5
      v7 = const 4
      br.ult.64 v6, v7 -> b1, b2
      b2:
      ret v4
      "
    `)
  })

  it('keeps the number of rounds when the body assigns the loop variable', () => {
    const i = f.local('i', u32)
    const loop = f.form('repeat', { local: i, count: 4, body: f.set(i, f.num(0)) })
    expect(ssa(f.seq(loop, f.num(0)))).toContain('br.ult.64')
  })

  it('runs a loop of zero rounds not at all', () => {
    const i = f.local('i', u32)
    expect(ssa(f.seq(f.form('repeat', { local: i, count: 0, body: f.ret(f.num(9)) }), f.num(1)))).not.toContain('9')
  })

  it('leaves blocks early with a value', () => {
    const label = { name: 'done' }
    const body = f.seq(f.if_(f.ctxLoad(u32, 12), f.form('leave', { label, value: f.num(1) })), f.num(2))
    expect(ssa(f.form('block', { label, body }))).toMatchInlineSnapshot(`
      "b0:
      v0 = param 0
      v1 = load.32 v0+12
      v2 = const 0
      br.ne.64 v1, v2 -> b1, b2
      b1:
      v3 = const 1
      jump b3
      b2:
      v4 = const 2
      jump b3
      b3:
      v5 = phi [b1: v3, b2: v4]
      ret v5
      "
    `)
  })

  it('binds in parallel', () => {
    const a = f.local('a')
    const b = f.local('b')
    const swap = f.form('let', {
      bindings: [
        { local: f.local('x'), init: f.get(b) },
        { local: f.local('y'), init: f.get(a) },
      ],
      body: f.seq(f.set(a, f.get(b)), f.bin('sub', f.get(a), f.get(b))),
    })
    expect(ssa(f.let_(a, f.ctxLoad(u32, 12), f.let_(b, f.ctxLoad(u32, 16), swap)))).toContain('sub')
  })
})

describe('types', () => {
  it('truncates stores to typed locals, sign-extends signed ones', () => {
    const x = f.local('x', u16)
    const y = f.local('y', i16)
    const wide = f.load(u64, f.alloc(8))
    expect(ssa(f.let_(x, wide, f.let_(y, f.get(x), f.bin('add', f.get(x), f.get(y)))))).toMatchInlineSnapshot(`
      "slot s0 buffer 8 8
      b0:
      v0 = slot s0
      v1 = const 0
      store.64 v0+0, v1
      v2 = load.64 v0+0
      v3 = zext.16 v2
      v4 = sext.16 v3
      v5 = add.64 v3, v4
      ret v5
      "
    `)
  })

  it('does not extend what fits already', () => {
    const x = f.local('x', u32)
    expect(ssa(f.let_(x, f.ctxLoad(u16, 12), f.get(x)))).not.toContain('zext')
    expect(ssa(f.let_(f.local('y', u16), f.ctxLoad(u32, 12), f.num(0)))).not.toContain('zext')
    expect(ssa(f.cast(u8, f.num(0x1ff)))).toContain('const 255')
    expect(ssa(f.cast(i16, f.num(0x8000)))).toContain('const -32768')
  })

  it('truncates again on assignment to an inferred narrow local', () => {
    const x = f.local('x')
    expect(ssa(f.let_(x, f.ctxLoad(u32, 12), f.set(x, f.bin('add', f.get(x), f.num(1))), f.get(x)))).toContain(
      'zext.32',
    )
  })

  it('keeps locals whose address is taken on the stack', () => {
    const key = f.local('key', u32)
    const m = f.mapDecl('m', 'hash')
    const address = f.form('localAddr', { local: key })
    const lookup = f.form('mapLookup', { map: m, key: f.pointer(address) })
    expect(ssa(f.let_(key, f.num(7), lookup, f.set(key, f.num(8)), f.get(key)))).toMatchInlineSnapshot(`
      "slot s0 key 4 4
      b0:
      v0 = const 7
      v1 = slot s0
      store.32 v1+0, v0
      v2 = slot s0
      v3 = mapRef m
      v4:ptr = call map_lookup_elem v3, v2
      v5 = const 8
      v6 = slot s0
      store.32 v6+0, v5
      v7 = slot s0
      v8 = load.32 v7+0
      ret v8
      "
    `)
  })
})

describe('memory', () => {
  it('hands out packet pointers and keeps the shape of bounds checks', () => {
    const data = f.local('data')
    const end = f.local('end')
    const check = f.cmp('ugt', f.bin('add', f.get(data), f.num(34)), f.get(end))
    const body = f.seq(f.if_(check, f.ret(f.num(2))), f.load(u8, f.get(data), 23))
    expect(ssa(f.let_(data, f.ctxLoad(u32, 0), f.let_(end, f.ctxLoad(u32, 4), body)))).toMatchInlineSnapshot(`
      "b0:
      v0 = param 0
      v1:ptr = load.32 v0+0 packet
      v2:ptr = load.32 v0+4 packetEnd
      v3 = const 34
      v4:ptr = add.64 v1, v3
      br.ugt.64 v4, v2 -> b1, b2
      b1:
      v5 = const 2
      ret v5
      b2:
      v6 = load.8 v1+23
      ret v6
      "
    `)
  })

  it('clears fresh stack memory with the widest aligned stores', () => {
    expect(ssa(f.seq(f.alloc(15), f.num(0)))).toMatchInlineSnapshot(`
      "slot s0 buffer 15 8
      b0:
      v0 = slot s0
      v1 = const 0
      store.64 v0+0, v1
      store.32 v0+8, v1
      store.16 v0+12, v1
      store.8 v0+14, v1
      v2 = const 0
      ret v2
      "
    `)
  })

  it('copies from the packet in pieces that suit the stack', () => {
    const data = f.ctxLoad(u32, 0)
    const buffer = f.local('buffer')
    const copy = f.form('memcpy', { dst: f.get(buffer), dstOffset: 4, src: data, srcOffset: 1, size: 14 })
    expect(ssa(f.let_(buffer, f.alloc(24, false), copy, f.num(0)))).toMatchInlineSnapshot(`
      "slot s0 buffer 24 8
      b0:
      v0 = param 0
      v1 = slot s0
      v2:ptr = load.32 v0+0 packet
      v3 = load.32 v2+1
      store.32 v1+4, v3
      v4 = load.64 v2+5
      store.64 v1+8, v4
      v5 = load.16 v2+13
      store.16 v1+16, v5
      v6 = const 0
      ret v6
      "
    `)
  })

  it('repeats the byte of memset', () => {
    const buffer = f.local('buffer')
    const fill = (byte: Form) => f.form('memset', { ptr: f.get(buffer), offset: 2, byte, size: 6 })
    expect(
      ssa(f.let_(buffer, f.alloc(8, false), fill(f.num(0xff)), fill(f.ctxLoad(u32, 12)), f.num(0))),
    ).toMatchInlineSnapshot(`
      "slot s0 buffer 8 8
      b0:
      v0 = param 0
      v1 = slot s0
      v2 = const -1
      store.16 v1+2, v2
      store.32 v1+4, v2
      v3 = load.32 v0+12
      v4 = zext.8 v3
      v5 = const 72340172838076673
      v6 = mul.64 v4, v5
      store.16 v1+2, v6
      store.32 v1+4, v6
      v7 = const 0
      ret v7
      "
    `)
  })

  it('swaps network order on load and store', () => {
    const net = { ...u16, order: 'net' } as const
    const buffer = f.local('buffer')
    const body = f.seq(f.store(net, f.get(buffer), 0, f.num(80)), f.load(net, f.get(buffer)))
    expect(ssa(f.let_(buffer, f.alloc(8, false), body))).toMatchInlineSnapshot(`
      "slot s0 buffer 8 8
      b0:
      v0 = slot s0
      v1 = const 80
      v2 = bswap.16 v1
      store.16 v0+0, v2
      v3 = load.16 v0+0
      v4 = bswap.16 v3
      ret v4
      "
    `)
  })
})

describe('maps', () => {
  const one = f.mapDecl('one', 'array', { maxEntries: 1 })
  const array = f.mapDecl('counts', 'array')
  const hash = f.mapDecl('seen', 'hash')
  const perCpu = f.mapDecl('per_cpu', 'percpu_array')
  const add = (map: typeof one, key = f.num(0)) =>
    f.seq(f.form('mapAdd', { map, key: f.scalar(key), delta: f.num(1), op: 'add' }), f.num(2))

  it('addresses the element of a one-entry array directly', () => {
    expect(ssa(add(one))).toMatchInlineSnapshot(`
      "b0:
      v0 = const 1
      v1 = mapValue one+0
      atomic.add.64 v1+0, v0
      v2 = const 2
      ret v2
      "
    `)
    expect(ssa(f.form('mapGet', { map: one, key: f.scalar(f.num(0)) }))).toMatchInlineSnapshot(`
      "b0:
      v0 = mapValue one+0
      v1 = load.64 v0+0
      ret v1
      "
    `)
  })

  it('takes the call when direct elements are switched off, or the key is another', () => {
    expect(ssa(add(one), false)).toContain('map_lookup_elem')
    expect(ssa(add(one, f.num(1)))).toContain('map_lookup_elem')
  })

  it('adds atomically when an array has the element', () => {
    expect(ssa(add(array))).toMatchInlineSnapshot(`
      "slot s0 "counts key" 4 4
      b0:
      v0 = const 0
      v1 = const 1
      v2 = mapRef counts
      v3 = slot s0
      store.32 v3+0, v0
      v4:ptr = call map_lookup_elem v2, v3
      v5 = const 0
      br.ne.64 v4, v5 -> b1, b2
      b1:
      atomic.add.64 v4+0, v1
      jump b2
      b2:
      v6 = const 2
      ret v6
      "
    `)
  })

  it('inserts in a hash, and adds if another CPU was first', () => {
    expect(ssa(add(hash))).toMatchInlineSnapshot(`
      "slot s0 "seen key" 4 4
      slot s1 "seen value" 8 8
      b0:
      v0 = const 0
      v1 = const 1
      v2 = slot s0
      store.32 v2+0, v0
      v3 = mapRef seen
      v4:ptr = call map_lookup_elem v3, v2
      v5 = const 0
      br.ne.64 v4, v5 -> b3, b1
      b1:
      v6 = slot s1
      store.64 v6+0, v1
      v7 = mapRef seen
      v8 = const 1
      v9 = call map_update_elem v7, v2, v6, v8
      v10 = const 0
      br.eq.64 v9, v10 -> b4, b2
      b2:
      v11 = mapRef seen
      v12:ptr = call map_lookup_elem v11, v2
      v13 = const 0
      br.ne.64 v12, v13 -> b3, b4
      b3:
      v14:ptr = phi [b0: v4, b2: v12]
      atomic.add.64 v14+0, v1
      jump b4
      b4:
      v15 = const 2
      ret v15
      "
    `)
  })

  it('adds without atomics to per-CPU values', () => {
    expect(ssa(add(perCpu))).toMatchInlineSnapshot(`
      "slot s0 "per_cpu key" 4 4
      b0:
      v0 = const 0
      v1 = const 1
      v2 = mapRef per_cpu
      v3 = slot s0
      store.32 v3+0, v0
      v4:ptr = call map_lookup_elem v2, v3
      v5 = const 0
      br.ne.64 v4, v5 -> b1, b2
      b1:
      v6 = load.64 v4+0
      v7 = add.64 v6, v1
      store.64 v4+0, v7
      jump b2
      b2:
      v8 = const 2
      ret v8
      "
    `)
  })

  it('gives 0 for a missing scalar', () => {
    expect(ssa(f.form('mapGet', { map: hash, key: f.scalar(f.num(5)) }))).toMatchInlineSnapshot(`
      "slot s0 "seen key" 4 4
      b0:
      v0 = const 5
      v1 = mapRef seen
      v2 = slot s0
      store.32 v2+0, v0
      v3:ptr = call map_lookup_elem v1, v2
      v4 = const 0
      br.ne.64 v3, v4 -> b1, b2
      b1:
      v5 = load.64 v3+0
      jump b3
      b2:
      v6 = const 0
      jump b3
      b3:
      v7 = phi [b1: v5, b2: v6]
      ret v7
      "
    `)
  })

  it('puts key and value of an update into slots', () => {
    const update = f.form('mapUpdate', {
      map: hash,
      key: f.scalar(f.num(5)),
      value: f.scalar(f.num(6)),
      flags: f.num(0),
    })
    expect(ssa(update)).toMatchInlineSnapshot(`
      "slot s0 "seen key" 4 4
      slot s1 "seen value" 8 8
      b0:
      v0 = const 5
      v1 = const 6
      v2 = const 0
      v3 = slot s0
      store.32 v3+0, v0
      v4 = mapRef seen
      v5 = slot s1
      store.64 v5+0, v1
      v6 = call map_update_elem v4, v3, v5, v2
      ret v6
      "
    `)
  })

  it('passes context and map to a tail call', () => {
    const jumps = f.mapDecl('jumps', 'prog_array', { valueSize: 4 })
    expect(ssa(f.seq(f.form('tailCall', { map: jumps, index: f.num(3) }), f.num(2)))).toMatchInlineSnapshot(`
      "b0:
      v0 = param 0
      v1 = const 3
      v2 = mapRef jumps
      call tail_call v0, v2, v1
      v3 = const 2
      ret v3
      "
    `)
  })
})
