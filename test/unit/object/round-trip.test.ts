import { describe, expect, it } from 'vitest'
import { readBtf } from '../../../packages/core/src/btf/reader.ts'
import { extInfoFor } from '../../../packages/core/src/object/ext-info.ts'
import { fromElf } from '../../../packages/core/src/object/from-elf.ts'
import { toElf } from '../../../packages/core/src/object/to-elf.ts'
import { layoutStruct } from '../../../packages/core/src/types/layout.ts'
import { u16, u32, u64 } from '../../../packages/core/src/types/types.ts'
import { code, counting, exit, handObject, line, loadMap, mapDecl, mov64Imm, returning } from '../../support/objects.ts'

const pair = layoutStruct('pair', [
  { name: 'a', type: u32 },
  { name: 'b', type: u16 },
])

const object = handObject({
  programs: [
    { name: 'first', code: returning(1) },
    { name: 'count', code: counting('hits', 2) },
    { name: 'look', code: returning(0), section: 'tracepoint/sched/sched_switch', type: 'tracepoint' },
    {
      name: 'third',
      code: code([mov64Imm(0, 1), loadMap(1), exit], {
        relocations: [{ kind: 'map', slot: 1, map: 'pairs' }],
        lines: [line(0, 1), line(1, 4, 'Ein Text mit Ümläuten'), line(3, 5)],
      }),
    },
  ],
  maps: [
    mapDecl('hits', { keyType: u32, valueType: u64, pinning: 'byName' }),
    mapDecl('pairs', { type: 'hash', keySize: 8, keyType: pair, valueSize: 12, maxEntries: 99, flags: 1 }),
    mapDecl('bytes', { type: 'hash', keySize: 6, valueSize: 3 }),
    mapDecl('events', { type: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: 4096 }),
  ],
  structs: [pair],
  license: 'Dual MIT/GPL',
})

describe('ELF round trip', () => {
  const again = fromElf(toElf(object))

  it('keeps maps, license and BTF', () => {
    expect(again.maps).toEqual(object.maps)
    expect(again.license).toBe('Dual MIT/GPL')
    expect(again.btf).toEqual(object.btf)
  })

  it('keeps programs with relocations, source lines and types; sections are gathered', () => {
    const byName = (programs: typeof object.programs) =>
      [...programs].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ stackSize: _, ...rest }) => rest)
    expect(byName(again.programs)).toEqual(byName(object.programs))
    expect(again.programs.map((p) => p.name)).toEqual(['first', 'count', 'third', 'look'])
    expect(again.programs[3]).toMatchObject({ type: 'tracepoint', attachTarget: 'sched/sched_switch' })
  })

  it('is a fixed point of bytes', () => {
    expect(toElf(again)).toEqual(toElf(object))
  })

  it('writes the same bytes twice', () => {
    expect(toElf(object)).toEqual(toElf(object))
  })

  it('keeps key and value types', () => {
    const btf = readBtf(again.btf!)
    const map = again.maps[1]!
    expect(btf.type(map.btfKeyTypeId!)).toMatchObject({ kind: 'struct', name: 'pair', size: 8 })
    // The untyped value has become bytes: the kernel takes both types or none.
    expect(btf.type(map.btfValueTypeId!)).toMatchObject({ kind: 'array', length: 12 })
  })
})

describe('extInfoFor', () => {
  it('gives the kernel slots and BTF string offsets', () => {
    const program = object.programs[3]!
    const info = extInfoFor(object, program)!
    expect(info).toMatchObject({ funcInfoRecSize: 8, lineInfoRecSize: 16 })
    const func = new DataView(info.funcInfo.buffer)
    const btf = readBtf(object.btf!)
    expect(func.getUint32(0, true)).toBe(0)
    expect(btf.type(func.getUint32(4, true))).toMatchObject({ kind: 'func', name: 'third', linkage: 'global' })
    const lines = new DataView(info.lineInfo.buffer)
    expect(info.lineInfo.length).toBe(3 * 16)
    expect(lines.getUint32(16, true)).toBe(1)
    expect(btf.string(lines.getUint32(20, true))).toBe('hand.bpf.lisp')
    expect(btf.string(lines.getUint32(24, true))).toBe('Ein Text mit Ümläuten')
    expect(lines.getUint32(28, true)).toBe((4 << 10) | 3)
    expect(lines.getUint32(32, true)).toBe(3)
  })

  it('gives no lines when the first instruction has none, which the kernel would refuse', () => {
    const program = { ...object.programs[3]!, lines: [line(1, 4)] }
    expect(extInfoFor(object, program)?.lineInfo.length).toBe(0)
  })

  it('gives nothing without BTF', () => {
    expect(extInfoFor({ ...object, btf: undefined }, object.programs[0]!)).toBeUndefined()
    expect(extInfoFor(object, { ...object.programs[0]!, btfFuncId: undefined })).toBeUndefined()
  })
})
