import { describe, expect, it } from 'vitest'
import { Bag } from '../../../packages/core/src/diag/diagnostic.ts'
import type { ProgramDecl } from '../../../packages/core/src/forms/module.ts'
import type { Form } from '../../../packages/core/src/forms/node.ts'
import { checkProgram } from '../../../packages/core/src/typed/check.ts'
import { inferTypes } from '../../../packages/core/src/typed/infer.ts'
import { layoutStruct } from '../../../packages/core/src/types/layout.ts'
import { u8, u16, u32, u64 } from '../../../packages/core/src/types/types.ts'
import * as f from '../../support/form-builders.ts'

function check(body: Form, parts: Partial<ProgramDecl> = {}): string[] {
  const program = f.program(body, parts)
  const bag = new Bag()
  checkProgram(program, inferTypes(program, bag), bag)
  return bag.diagnostics.map((d) => `${d.severity} ${d.code}: ${d.message}`)
}

const data = f.ctxLoad(u32, 0)
const dataEnd = f.ctxLoad(u32, 4)
const hash = f.mapDecl('seen', 'hash')
const ring = f.mapDecl('events', 'ringbuf', { keySize: 0, valueSize: 0, keyType: undefined, valueType: undefined })
const lookup = f.form('mapLookup', { map: hash, key: f.scalar(f.num(1)) })

describe('pointers', () => {
  it('accepts offsets, distances, comparisons, null tests and low halves', () => {
    const p = f.local('p')
    const body = f.seq(
      f.bin('add', data, f.num(14)),
      f.bin('add', f.num(14), data),
      f.bin('sub', dataEnd, data),
      f.cmp('ugt', f.bin('add', data, f.num(34)), dataEnd),
      f.cast(u32, data),
      f.let_(p, lookup, f.if_(f.get(p), f.load(u64, f.get(p)))),
    )
    expect(check(body)).toEqual([])
  })

  it.each([
    ['multiplication', f.bin('mul', data, f.num(2)), 'does not allow `mul`'],
    ['a mask', f.bin('and', data, f.num(0xff)), 'does not allow `and`'],
    ['a sum of two', f.bin('add', data, data), 'two pointers cannot be added'],
    ['number minus pointer', f.bin('sub', f.num(1), data), 'cannot be subtracted'],
    ['arithmetic on the end', f.bin('sub', dataEnd, f.num(34)), 'the end of the packet cannot be moved'],
    ['negation', f.form('negate', { value: data }), 'cannot be negated'],
    ['a byte swap', f.form('bswap', { bits: 32, value: data }), 'cannot be byte-swapped'],
    ['a load through a number', f.load(u32, f.num(4096)), 'this is a number'],
    ['a load through the end', f.load(u8, dataEnd), 'nothing can be read through the end'],
    ['a store through the end', f.store(u8, dataEnd, 0, f.num(1)), 'nothing can be written through the end'],
    ['a store through ctx', f.store(u32, f.form('ctx', {}), 0, f.num(1)), 'the context is written by'],
  ])('refuses %s', (_, body, message) => {
    expect(check(body)).toEqual([expect.stringContaining(message)])
  })

  it('refuses a variable that is a pointer here and a number there', () => {
    const p = f.local('p')
    const body = f.let_(p, lookup, f.if_(f.get(p), f.set(p, f.load(u64, f.get(p)))))
    expect(check(body)).toEqual(['error pointer-misuse: `p` holds a pointer in one place and a number in another'])
  })

  it('keeps a pointer in a variable declared u64, or set to 0 first', () => {
    const p = f.local('p', u64)
    const q = f.local('q')
    const body = f.seq(
      f.let_(p, data, f.if_(f.cmp('ule', f.bin('add', f.get(p), f.num(1)), dataEnd), f.load(u8, f.get(p)))),
      f.let_(q, f.num(0), f.set(q, lookup), f.if_(f.get(q), f.load(u64, f.get(q)))),
    )
    expect(check(body)).toEqual([])
  })

  it('finds a pointer that comes around a loop', () => {
    const p = f.local('p')
    const q = f.local('q')
    const loop = f.form('repeat', {
      local: f.local('i', u32),
      count: 2,
      body: f.seq(f.if_(f.get(p), f.load(u64, f.get(p))), f.set(p, f.get(q)), f.set(q, lookup)),
    })
    expect(check(f.let_(p, f.num(0), f.let_(q, f.num(0), loop)))).toEqual([])
  })

  it('warns about a lookup that is never tested', () => {
    const p = f.local('p')
    expect(check(f.load(u64, lookup))).toEqual([expect.stringContaining('warning unchecked-null: this pointer')])
    expect(check(f.let_(p, lookup, f.load(u64, f.get(p))))).toEqual([
      expect.stringContaining('warning unchecked-null: `p` may be null'),
    ])
    expect(check(f.let_(p, lookup, f.if_(f.not(f.get(p)), f.ret()), f.load(u64, f.get(p))))).toEqual([])
  })

  it('refuses accesses outside the object', () => {
    const b = f.local('b')
    expect(check(f.let_(b, f.alloc(8), f.load(u32, f.get(b), 6)))).toEqual([
      'error index-out-of-range: the access covers bytes 6 to 9, but only 8 bytes are there',
    ])
    expect(check(f.let_(b, f.alloc(8), f.load(u32, f.get(b), 4)))).toEqual([])
  })

  it('lets socket filters touch no packet bytes directly', () => {
    const socket = { type: 'cgroup_skb', section: 'cgroup_skb/ingress', attachType: 'CGROUP_INET_INGRESS' } as const
    const packet = f.form('ctxLoad', { type: u32, offset: 76 })
    expect(check(f.load(u8, packet), socket)).toEqual([])
    expect(check(f.store(u8, packet, 0, f.num(1)), socket)).toEqual([
      expect.stringContaining('cannot have packet bytes written'),
    ])
  })
})

describe('arithmetic and atomics', () => {
  it('refuses constant division by zero and shifts beyond 63', () => {
    const x = f.ctxLoad(u32, 12)
    expect(check(f.bin('udiv', x, f.num(0)))).toEqual([expect.stringContaining('division-by-zero')])
    expect(check(f.bin('shl', x, f.num(64)))).toEqual([expect.stringContaining('64 is not in 0..63')])
    expect(check(f.bin('shl', x, f.num(63)))).toEqual([])
  })

  it('refuses atomics of 1 and 2 bytes, on packets, and unaligned', () => {
    const b = f.local('b')
    const atomic = (type: typeof u16, ptr: Form, offset = 0) =>
      f.form('atomic', { op: 'add', type, ptr, offset: f.num(offset), value: f.num(1), fetch: false })
    expect(check(f.let_(b, f.alloc(8), atomic(u16, f.get(b))))).toEqual([
      expect.stringContaining('4 or 8 bytes wide, not 2 bytes'),
    ])
    expect(check(atomic(u32, data))).toEqual([expect.stringContaining('on the packet are not allowed')])
    expect(check(f.let_(b, f.alloc(8), atomic(u32, f.get(b), 2)))).toEqual([expect.stringContaining('no multiple')])
    expect(check(f.let_(b, f.alloc(8), atomic(u32, f.get(b), 4)))).toEqual([])
  })
})

describe('context', () => {
  it('refuses writes to read-only fields, and to unknown offsets', () => {
    const write = (offset: number) => f.form('ctxStore', { type: u32, offset, value: f.num(1) })
    expect(check(write(0))).toEqual(['error read-only-field: `data` is read-only in `xdp` programs attached as XDP'])
    expect(check(write(64))).toEqual([expect.stringContaining('no field at offset 64')])
    const tc = { type: 'sched_cls', section: 'tc', attachType: undefined } as const
    expect(check(write(8), tc)).toEqual([])
  })
})

describe('maps', () => {
  const key = (value: number) => f.scalar(f.num(value))

  it('refuses operations that the kind does not have', () => {
    expect(check(f.form('mapGet', { map: ring, key: key(0) }))).toEqual([
      expect.stringContaining('`events` is a `ringbuf` map; its elements cannot be looked up'),
    ])
    expect(check(f.form('mapDelete', { map: f.mapDecl('a', 'array'), key: key(0) }))).toEqual([
      expect.stringContaining('elements of arrays cannot be deleted'),
    ])
    expect(check(f.form('tailCall', { map: hash, index: f.num(0) }))).toEqual([
      'error wrong-map-kind: a tail call needs a `prog-array` map; `seen` is a `hash` map',
    ])
  })

  it('compares keys and values with the sizes of the map', () => {
    expect(check(f.form('mapGet', { map: hash, key: key(2 ** 32) }))).toEqual([
      'error size-mismatch: map `seen` has 4-byte keys; 4294967296 does not fit',
    ])
    expect(check(f.form('mapGet', { map: hash, key: key(-1) }))).toEqual([])
    expect(check(f.form('mapLookup', { map: hash, key: f.scalar(f.alloc(8)) }))).toEqual([
      expect.stringContaining('the pointer itself would be stored'),
    ])
    const wide = f.mapDecl('wide', 'hash', { keySize: 16, keyType: undefined })
    const struct = layoutStruct('flow', [{ name: 'a', type: u64 }])
    const small = f.form('alloc', { name: 'k', size: 8, align: 8, zeroed: true, type: struct })
    expect(check(f.form('mapLookup', { map: wide, key: f.pointer(small) }))).toEqual([
      'error size-mismatch: map `wide` has 16-byte keys; struct `flow` is 8 bytes long',
    ])
    expect(check(f.form('mapLookup', { map: wide, key: key(1) }))).toEqual([
      expect.stringContaining('expected a pointer to 16 bytes'),
    ])
  })

  it('refuses counters of 1 and 2 bytes', () => {
    const map = f.mapDecl('small', 'array', { valueSize: 2 })
    expect(check(f.form('mapAdd', { map, key: key(0), delta: f.num(1), op: 'add' }))).toEqual([
      'error size-mismatch: map `small` has 2-byte values; only values of 4 or 8 bytes can be added to',
    ])
  })
})

describe('helpers', () => {
  const buffer = f.local('buffer')
  const withBuffer = (size: number, body: Form) => f.let_(buffer, f.alloc(size), body)
  const tracing = { type: 'kprobe', section: 'kprobe/x', attachType: undefined } as const

  it('counts arguments', () => {
    expect(check(f.call('ktime_get_ns', f.num(1)))).toEqual([
      'error wrong-argument-count: `ktime-get-ns` takes 0 arguments, not 1',
    ])
  })

  it('knows which programs may call what, and the licence', () => {
    expect(check(f.call('redirect', f.num(1), f.num(0)), tracing)).toEqual([
      'error helper-not-allowed: `kprobe` programs may not call `redirect`',
    ])
    const read = withBuffer(16, f.call('probe_read_kernel', f.get(buffer), f.num(16), f.num(0)))
    expect(check(read, { ...tracing, license: 'MIT' })).toEqual([
      expect.stringContaining('error gpl-only-helper: `probe-read-kernel`'),
    ])
    expect(check(read, { ...tracing, license: 'Dual MIT/GPL' })).toEqual([])
  })

  it('compares sizes with the memory that is passed', () => {
    expect(check(withBuffer(8, f.call('probe_read_kernel', f.get(buffer), f.num(16), f.num(0))), tracing)).toEqual([
      'error index-out-of-range: the access covers bytes 0 to 15, but only 8 bytes are there',
    ])
    expect(check(f.call('probe_read_kernel', f.num(1), f.num(16), f.num(0)), tracing)).toEqual([
      expect.stringContaining('must be a pointer to memory; this is a number'),
    ])
  })

  it('wants constant ring buffer sizes, a ring buffer, and a record', () => {
    const ref = f.form('mapRef', { map: ring })
    expect(check(f.call('ringbuf_reserve', ref, f.ctxLoad(u32, 12), f.num(0)))).toEqual([
      expect.stringContaining('must be known at compile time'),
    ])
    expect(check(f.call('ringbuf_reserve', f.form('mapRef', { map: hash }), f.num(8), f.num(0)))).toEqual([
      expect.stringContaining('works on maps of kind `ringbuf`'),
    ])
    expect(check(f.call('ringbuf_submit', f.alloc(8), f.num(0)))).toEqual([
      expect.stringContaining('must be a record from ringbuf-reserve; this is another pointer'),
    ])
    const e = f.local('e')
    const record = f.call('ringbuf_reserve', ref, f.num(8), f.num(0))
    const use = f.if_(
      f.get(e),
      f.seq(f.store(u64, f.get(e), 8, f.num(1)), f.call('ringbuf_submit', f.get(e), f.num(0))),
    )
    expect(check(f.let_(e, record, use))).toEqual([expect.stringContaining('only 8 bytes are there')])
  })
})

describe('macro trails', () => {
  it('become notes, innermost first', () => {
    const trail = { macro: 'inner', parent: { macro: 'outer' } }
    const program = f.program({ ...f.bin('mul', data, f.num(2)), trail } as Form)
    const bag = new Bag()
    checkProgram(program, inferTypes(program, bag), bag)
    expect(bag.diagnostics[0]?.notes.map((n) => n.message)).toEqual([
      'in the expansion of `inner`',
      'in the expansion of `outer`',
    ])
  })
})
