import { describe, expect, it } from 'vitest'
import { readBtf } from '../../../packages/core/src/btf/reader.ts'
import { BtfTypeTable } from '../../../packages/core/src/btf/type-table.ts'
import { BTF_INT, BTF_KIND_NAMES, type BtfType } from '../../../packages/core/src/btf/types.ts'
import { BtfWriter } from '../../../packages/core/src/btf/writer.ts'
import { Abort } from '../../../packages/core/src/diag/diagnostic.ts'
import { layoutStruct } from '../../../packages/core/src/types/layout.ts'
import { type Type, u8, u16, u32, u64 } from '../../../packages/core/src/types/types.ts'

const every: BtfType[] = [
  { kind: 'int', name: 'int', size: 4, encoding: BTF_INT.signed, bits: 32, bitOffset: 0 },
  { kind: 'int', name: '_Bool', size: 1, encoding: BTF_INT.bool, bits: 8, bitOffset: 0 },
  { kind: 'float', name: 'double', size: 8 },
  { kind: 'ptr', name: '', type: 1 },
  { kind: 'array', name: '', type: 1, indexType: 1, length: 70000 },
  {
    kind: 'struct',
    name: 'bits',
    size: 8,
    members: [
      { name: 'low', type: 1, bitOffset: 0, bitSize: 3 },
      { name: 'high', type: 1, bitOffset: 3, bitSize: 29 },
      { name: 'whole', type: 1, bitOffset: 32, bitSize: 0 },
    ],
  },
  { kind: 'union', name: '', size: 4, members: [{ name: 'a', type: 1, bitOffset: 0, bitSize: 0 }] },
  {
    kind: 'struct',
    name: 'far',
    size: 1 << 26,
    members: [{ name: 'end', type: 1, bitOffset: (1 << 29) - 32, bitSize: 0 }],
  },
  { kind: 'enum', name: 'colour', size: 4, signed: false, values: [{ name: 'RED', value: 0xffffffffn }] },
  { kind: 'enum', name: 'error', size: 4, signed: true, values: [{ name: 'MINUS', value: -22n }] },
  {
    kind: 'enum64',
    name: 'wide',
    size: 8,
    signed: false,
    values: [
      { name: 'BIG', value: 0xfedcba9876543210n },
      { name: 'SMALL', value: 1n },
    ],
  },
  { kind: 'enum64', name: 'wide_signed', size: 8, signed: true, values: [{ name: 'NEG', value: -(1n << 40n) }] },
  { kind: 'fwd', name: 'later', of: 'struct' },
  { kind: 'fwd', name: 'later_union', of: 'union' },
  { kind: 'typedef', name: 'number', type: 1 },
  { kind: 'volatile', name: '', type: 15 },
  { kind: 'const', name: '', type: 16 },
  { kind: 'restrict', name: '', type: 4 },
  { kind: 'typeTag', name: 'user', type: 1 },
  {
    kind: 'funcProto',
    name: '',
    returnType: 1,
    params: [
      { name: 'ctx', type: 4 },
      { name: '', type: 0 },
    ],
  },
  { kind: 'func', name: 'main', type: 20, linkage: 'global' },
  { kind: 'func', name: 'sub', type: 20, linkage: 'static' },
  { kind: 'var', name: 'state', type: 1, linkage: 'extern' },
  { kind: 'datasec', name: '.data', size: 12, vars: [{ type: 23, offset: 8, size: 4 }] },
  { kind: 'declTag', name: 'tag', type: 6, component: -1 },
  { kind: 'declTag', name: 'tag', type: 6, component: 2 },
]

function write(types: readonly BtfType[]): Uint8Array {
  const writer = new BtfWriter()
  for (const type of types) writer.add(type)
  return writer.finish()
}

describe('BTF writer and reader', () => {
  it('keep every kind of type', () => {
    const btf = readBtf(write(every))
    expect(btf.typeCount).toBe(every.length + 1)
    expect(every.map((_, i) => btf.type(i + 1))).toEqual(every)
    expect(new Set(every.map((type) => type.kind)).size).toBe(BTF_KIND_NAMES.length - 1)
  })

  it('find by kind and name', () => {
    const btf = readBtf(write(every))
    expect(btf.findId('enum', 'error')).toBe(10)
    expect(btf.findId('struct', 'error')).toBeUndefined()
    expect(btf.find('struct', 'bit')).toBeUndefined()
    expect(btf.nameOf(10)).toBe('error')
    expect(btf.idsOf('fwd')).toEqual([13, 14])
  })

  it('resolve and measure', () => {
    const btf = readBtf(write(every))
    expect(btf.resolveId(17)).toBe(1)
    expect(btf.sizeOf(17)).toBe(4)
    expect(btf.sizeOf(5)).toBe(280_000)
    expect(btf.sizeOf(18)).toBe(8)
    expect(() => btf.sizeOf(21)).toThrow(Abort)
  })

  it('refuse endless chains, missing types and unknown kinds', () => {
    const loop: BtfType[] = [
      { kind: 'typedef', name: 'a', type: 2 },
      { kind: 'const', name: '', type: 1 },
    ]
    expect(() => readBtf(write(loop)).resolve(1)).toThrow(/in a row/)
    const nested: BtfType[] = [{ kind: 'array', name: '', type: 1, indexType: 1, length: 2 }]
    expect(() => readBtf(write(nested)).sizeOf(1)).toThrow(/nested too deep/)
    expect(() => readBtf(write(every)).type(99)).toThrow(/type 99 is referred to/)
    const unknown = write(every)
    unknown[24 + 7] = 25
    expect(() => readBtf(unknown)).toThrow(/type 1 has kind 25/)
  })

  it('store a string once', () => {
    const writer = new BtfWriter()
    expect(writer.string('x')).toBe(writer.string('x'))
    const btf = readBtf(writer.finish())
    expect(btf.stringOffset('x')).toBe(1)
    expect(btf.stringOffset('')).toBe(0)
    expect(btf.stringOffset('y')).toBeUndefined()
  })
})

describe('BTF type table', () => {
  const table = () => {
    const writer = new BtfWriter()
    return { writer, types: new BtfTypeTable(writer) }
  }

  it('writes equal types once', () => {
    const { writer, types } = table()
    const a = layoutStruct('pair', [
      { name: 'a', type: u32 },
      { name: 'b', type: u32 },
    ])
    const id = types.idOf(a)
    expect(types.idOf({ ...a })).toBe(id)
    expect(types.idOf({ ...u32, order: 'net' })).toBe(types.idOf(u32))
    expect(types.number(7)).toBe(types.number(7))
    expect(readBtf(writer.finish()).typeCount).toBe(1 + ['unsigned int', 'pair', 'int', 'array', 'ptr'].length)
  })

  it('keeps sizes and offsets', () => {
    const { writer, types } = table()
    const inner = layoutStruct('inner', [
      { name: 'x', type: u8 },
      { name: 'y', type: u64 },
    ])
    const cases: Type[] = [
      u8,
      u16,
      { kind: 'array', element: inner, length: 3 },
      layoutStruct('outer', [
        { name: 'i', type: inner },
        { name: 'z', type: u16 },
      ]),
      layoutStruct(
        'packed',
        [
          { name: 'a', type: u8 },
          { name: 'b', type: u32 },
        ],
        true,
      ),
    ]
    const ids = cases.map((type) => types.idOf(type))
    const btf = readBtf(writer.finish())
    expect(ids.map((id) => btf.sizeOf(id))).toEqual([1, 2, 48, 24, 5])
    expect(btf.find('struct', 'packed')?.members.map((m) => m.bitOffset)).toEqual([0, 8])
  })
})
