/** CO-RE against small kernels made here: what moves, what is missing, what is ambiguous. */
import { describe, expect, it } from 'vitest'
import type { Insn } from '../../../packages/core/src/bpf/insn.ts'
import type { CoreRelocationKind } from '../../../packages/core/src/btf/core-kinds.ts'
import { CORE_POISON, relocateCore } from '../../../packages/core/src/btf/core-relo.ts'
import { readBtf } from '../../../packages/core/src/btf/reader.ts'
import type { BtfMember, BtfType } from '../../../packages/core/src/btf/types.ts'
import { BtfWriter } from '../../../packages/core/src/btf/writer.ts'
import { Abort } from '../../../packages/core/src/diag/diagnostic.ts'

const int = (size: number, encoding = 0): BtfType => ({
  kind: 'int',
  name: `int${size}${encoding}`,
  size,
  encoding,
  bits: size * 8,
  bitOffset: 0,
})
/** Ids 1 to 5 of every BTF here. */
const BASE: readonly BtfType[] = [int(4), int(8), int(4, 1), { kind: 'ptr', name: '', type: 0 }, { kind: 'array', name: '', type: 1, indexType: 1, length: 8 }] // biome-ignore format: ids in one line
const [U32, U64, I32, PTR, ARRAY] = [1, 2, 3, 4, 5] as const

const member = (name: string, type: number, bitOffset: number, bitSize = 0): BtfMember => ({
  name,
  type,
  bitOffset,
  bitSize,
})
const struct = (
  name: string,
  size: number,
  members: readonly BtfMember[],
  kind: 'struct' | 'union' = 'struct',
): BtfType => ({
  kind,
  name,
  size,
  members,
})

/** Types after the common ones have ids from 6. */
function btf(...types: readonly BtfType[]) {
  const writer = new BtfWriter()
  for (const type of [...BASE, ...types]) writer.add(type)
  return readBtf(writer.finish())
}

const mov: Insn = { opcode: 0xb7, dst: 1, src: 0, off: 0, imm: 0 }
const load: Insn = { opcode: 0x61, dst: 1, src: 2, off: 0, imm: 0 }
const wide: Insn = { opcode: 0x18, dst: 1, src: 0, off: 0, imm: 0, immHigh: 0 }

function relocate(
  local: ReturnType<typeof btf>,
  kernel: ReturnType<typeof btf>,
  relocation: { kind: CoreRelocationKind; access: string; insn?: Insn; typeId?: number },
) {
  const { insn = mov, kind, access, typeId = 6 } = relocation
  return relocateCore([insn], [{ slot: 0, kind, access, typeId }], { local, kernel })
}

const local = btf(
  struct('thing', 24, [member('a', U32, 0), member('b', U64, 64), member('p', PTR, 128)]),
  struct('outer', 64, [member('list', ARRAY, 0), member('inner', 6, 256)]),
  { kind: 'enum', name: 'mode', size: 4, signed: false, values: [{ name: 'ON', value: 1n }, { name: 'OFF', value: 2n }] }, // biome-ignore format: short
)
const value = (result: ReturnType<typeof relocate>): number => result.insns[0]!.imm

describe('CO-RE relocations', () => {
  it('a field that moved', () => {
    const kernel = btf(struct('thing', 40, [member('b', U64, 0), member('new', U64, 64), member('a', U32, 160)]))
    expect(value(relocate(local, kernel, { kind: 'fieldByteOffset', access: '0:0' }))).toBe(20)
    expect(value(relocate(local, kernel, { kind: 'fieldByteOffset', access: '0:1' }))).toBe(0)
    expect(value(relocate(local, kernel, { kind: 'typeSize', access: '0' }))).toBe(40)
    // The second element of an array of them.
    expect(value(relocate(local, kernel, { kind: 'fieldByteOffset', access: '1:0' }))).toBe(60)
  })

  it('a field inside anonymous structs and unions', () => {
    const kernel = btf(
      struct('thing', 32, [member('', 7, 64)]),
      struct('', 24, [member('x', U64, 0), member('', 8, 64)], 'struct'),
      struct('', 16, [member('y', U64, 0), member('a', U32, 32)], 'union'),
    )
    expect(value(relocate(local, kernel, { kind: 'fieldByteOffset', access: '0:0' }))).toBe(20)
  })

  it('elements and nested structs', () => {
    const kernel = btf(
      struct('thing', 16, [member('b', U64, 64), member('a', U32, 0)]),
      struct('outer', 64, [member('inner', 6, 64), member('list', ARRAY, 256)]),
    )
    expect(value(relocate(local, kernel, { kind: 'fieldByteOffset', access: '0:1:1', typeId: 7 }))).toBe(16)
    expect(value(relocate(local, kernel, { kind: 'fieldByteOffset', access: '0:0:3', typeId: 7 }))).toBe(44)
    expect(relocate(local, kernel, { kind: 'fieldByteOffset', access: '0:0:9', typeId: 7 }).missing.get(0)).toBe(
      'outer.list[9]',
    )
  })

  it('flavours name the same type', () => {
    const flavoured = btf(struct('thing___old', 8, [member('b', U64, 0)]))
    const kernel = btf(struct('thing', 16, [member('b', U64, 64)]))
    expect(value(relocate(flavoured, kernel, { kind: 'fieldByteOffset', access: '0:0' }))).toBe(8)
  })

  it('what is missing is poisoned and named; questions about it have answers', () => {
    const kernel = btf(struct('thing', 16, [member('b', U64, 64)]))
    const result = relocate(local, kernel, { kind: 'fieldByteOffset', access: '0:0' })
    expect(result.insns).toEqual([{ opcode: 0x85, dst: 0, src: 0, off: 0, imm: CORE_POISON }])
    expect(result.missing.get(0)).toBe('thing.a')
    expect(relocate(local, kernel, { kind: 'fieldByteOffset', access: '0:0', insn: wide }).insns).toHaveLength(2)
    expect(value(relocate(local, kernel, { kind: 'fieldExists', access: '0:0' }))).toBe(0)
    expect(value(relocate(local, kernel, { kind: 'fieldExists', access: '0:1' }))).toBe(1)
    expect(value(relocate(local, btf(), { kind: 'typeExists', access: '0' }))).toBe(0)
    expect(relocate(local, btf(), { kind: 'typeSize', access: '0' }).missing.get(0)).toBe('thing')
  })

  it('a field of another kind is not the field', () => {
    const kernel = btf(struct('thing', 16, [member('a', PTR, 0)]))
    expect(value(relocate(local, kernel, { kind: 'fieldExists', access: '0:0' }))).toBe(0)
  })

  it('loads take the width that the field has, unless it is signed', () => {
    const kernel = btf(struct('thing', 16, [member('a', U64, 64)]))
    expect(relocate(local, kernel, { kind: 'fieldByteOffset', access: '0:0', insn: load }).insns).toEqual([
      { ...load, opcode: 0x79, off: 8 },
    ])
    const far = btf(struct('thing', 70_000, [member('a', U32, 65_000 * 8)]))
    expect(() => relocate(local, far, { kind: 'fieldByteOffset', access: '0:0', insn: load })).toThrow(/further than/)
    const signed = btf(struct('thing', 16, [member('a', U32, 64), member('c', I32, 0)]))
    const kernelSigned = btf(struct('thing', 16, [member('c', U64, 64)]))
    expect(relocate(signed, kernelSigned, { kind: 'fieldByteOffset', access: '0:1', insn: load }).missing.get(0)).toBe(
      'thing.c',
    )
  })

  it('bitfields', () => {
    const bits = btf(struct('thing', 8, [member('flag', U32, 0, 1)]))
    const kernel = btf(struct('thing', 8, [member('x', U32, 0), member('flag', U32, 35, 3)]))
    const ask = (kind: CoreRelocationKind) => value(relocate(bits, kernel, { kind, access: '0:0' }))
    expect([
      ask('fieldByteOffset'),
      ask('fieldByteSize'),
      ask('fieldLeftShift'),
      ask('fieldRightShift'),
      ask('fieldSigned'),
    ]).toEqual([4, 4, 58, 61, 0])
  })

  it('enumerators by name', () => {
    const kernel = btf({
      kind: 'enum64',
      name: 'mode',
      size: 8,
      signed: false,
      values: [{ name: 'ON', value: 1n << 40n }],
    })
    const result = relocate(local, kernel, { kind: 'enumValue', access: '0', typeId: 8, insn: wide })
    expect(result.insns).toEqual([{ ...wide, imm: 0, immHigh: 256 }])
    expect(value(relocate(local, kernel, { kind: 'enumValueExists', access: '1', typeId: 8 }))).toBe(0)
    expect(relocate(local, kernel, { kind: 'enumValue', access: '1', typeId: 8, insn: wide }).missing.get(0)).toBe(
      'mode.OFF',
    )
  })

  it('several types of one name must agree', () => {
    const same = btf(struct('thing', 8, [member('b', U64, 0)]), struct('thing', 16, [member('b', U64, 0)]))
    expect(value(relocate(local, same, { kind: 'fieldByteOffset', access: '0:1' }))).toBe(0)
    const other = btf(struct('thing', 8, [member('b', U64, 0)]), struct('thing', 16, [member('b', U64, 64)]))
    expect(() => relocate(local, other, { kind: 'fieldByteOffset', access: '0:1' })).toThrow(/thing\.b is ambiguous/)
  })

  it.each(['', 'x', '0:', '0:7', '0:0:0', '-1', '99999999999999999999'])(
    'a corrupt access string %j is refused',
    (access) => {
      const kernel = btf(struct('thing', 40, [member('a', U32, 0)]))
      const ask = () => relocate(local, kernel, { kind: 'fieldByteOffset', access })
      expect(ask).toThrow(Abort)
      expect(ask).toThrow(/corrupt/)
    },
  )

  it('an instruction without a number is refused', () => {
    const kernel = btf(struct('thing', 40, [member('a', U32, 0)]))
    const register = { ...mov, opcode: 0xbf }
    expect(() => relocate(local, kernel, { kind: 'fieldByteOffset', access: '0:0', insn: register })).toThrow(
      /without an immediate/,
    )
    expect(() =>
      relocateCore([mov], [{ slot: 5, kind: 'typeSize', typeId: 6, access: '0' }], { local, kernel }),
    ).toThrow(/slot 5/)
  })
})
