/** Encodings that need no kernel: attributes, BTF strings, netlink attributes, CPU lists, relocation, ELF symbols. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { withStrings } from '../../../packages/loader/src/btf-strings.ts'
import { symbolFileOffset } from '../../../packages/loader/src/elf-symbol.ts'
import { relocate } from '../../../packages/loader/src/relocate.ts'
import { ATTR, fieldOffset, kernelName, writeAttr } from '../../../packages/loader/src/sys/attr.ts'
import { countCpus } from '../../../packages/loader/src/sys/machine.ts'
import { nested, readAttributes, stringAttribute, u32Attribute } from '../../../packages/loader/src/sys/netlink.ts'
import { loadMap, mapAt, movImm, program } from '../../kernel/loader/asm.ts'

describe('attributes', () => {
  it('lie where the kernel reads them (include/uapi/linux/bpf.h, counted by hand)', () => {
    expect(fieldOffset(ATTR.mapCreate, 'map_name')).toBe(28)
    expect(fieldOffset(ATTR.mapCreate, 'btf_fd')).toBe(48)
    expect(fieldOffset(ATTR.mapLookup, 'key')).toBe(8)
    expect(fieldOffset(ATTR.mapLookupBatch, 'count')).toBe(32)
    expect(fieldOffset(ATTR.mapLookupBatch, 'flags')).toBe(48)
    expect(fieldOffset(ATTR.progLoad, 'log_buf')).toBe(32)
    expect(fieldOffset(ATTR.progLoad, 'prog_name')).toBe(48)
    expect(fieldOffset(ATTR.progLoad, 'prog_btf_fd')).toBe(72)
    expect(fieldOffset(ATTR.progLoad, 'line_info')).toBe(96)
    expect(fieldOffset(ATTR.progLoad, 'fd_array')).toBe(120)
    expect(fieldOffset(ATTR.progLoad, 'log_true_size')).toBe(140)
    expect(fieldOffset(ATTR.testRun, 'ctx_in')).toBe(48)
    expect(ATTR.testRun.size).toBe(76)
    expect(fieldOffset(ATTR.btfLoad, 'btf_log_level')).toBe(24)
  })

  it('are zero where nothing was given, also after a larger command', () => {
    const view = new DataView(new ArrayBuffer(512))
    new Uint8Array(view.buffer).fill(0xff)
    writeAttr(ATTR.mapCreate, { map_type: 2, map_name: 'abc', btf_fd: 0x1_0000 }, view, () => 0)
    const bytes = new Uint8Array(view.buffer, 0, ATTR.mapCreate.size)
    expect(bytes.filter((byte) => byte !== 0)).toEqual(new Uint8Array([2, 97, 98, 99, 1]))
  })

  it('write addresses beyond 32 bits', () => {
    const view = new DataView(new ArrayBuffer(512))
    writeAttr(ATTR.mapLookup, { key: new Uint8Array(4) }, view, () => 0x7fff_1234_5678)
    expect(view.getBigUint64(8, true)).toBe(0x7fff_1234_5678n)
  })

  it('names are cut and cleaned', () => {
    expect(kernelName('packet-counter-by-port')).toBe('packet_counter_')
    expect(kernelName('ü.x')).toBe('_.x')
  })
})

describe('BTF strings', () => {
  /** Header, no types, the strings `"" a`. */
  const btf = new Uint8Array([0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 97, 0])

  it('finds what is there and appends what is not', () => {
    const { btf: extended, offsetOf } = withStrings(btf, ['a', 'file.lisp', 'a', 'file.lisp', ''])
    expect([offsetOf(''), offsetOf('a'), offsetOf('file.lisp')]).toEqual([0, 1, 3])
    expect(extended.length).toBe(btf.length + 10)
    expect(new DataView(extended.buffer).getUint32(20, true)).toBe(13)
    expect(new TextDecoder().decode(extended.subarray(24 + 3))).toBe('file.lisp\0')
    expect(btf[20]).toBe(3)
  })

  it('leaves a section alone whose strings are not at the end', () => {
    const padded = new Uint8Array([...btf, 0, 0])
    const result = withStrings(padded, ['new'])
    expect(result.btf).toBe(padded)
    expect(result.offsetOf('new')).toBe(0)
  })
})

it('netlink attributes are padded and nest', () => {
  const bytes = nested(43, u32Attribute(1, 7), stringAttribute(3, 'ab'))
  expect(bytes).toEqual(new Uint8Array([20, 0, 43, 128, 8, 0, 1, 0, 7, 0, 0, 0, 7, 0, 3, 0, 97, 98, 0, 0]))
  expect([...readAttributes(bytes.subarray(4)).keys()]).toEqual([1, 3])
})

it('CPU lists', () => {
  expect(['0', '0-3', '0-3,8', '0,2,4-7'].map(countCpus)).toEqual([1, 4, 5, 6])
})

const names = (fd: number) => ({ fdOf: () => fd, kfuncId: () => 77, ksym: () => undefined })

describe('relocation', () => {
  it('puts the id into the call of a kernel function', () => {
    const call = { opcode: 0x85, dst: 0, src: 2, off: 3, imm: -1 }
    const spec = program('p', [call], { references: [{ kind: 'kfunc', slot: 0, function: 'bpf_rcu_read_lock' }] })
    expect([...relocate(spec, names(1))]).toEqual([0x85, 0x20, 0, 0, 77, 0, 0, 0])
  })

  it('puts the descriptor into the load and leaves the object alone', () => {
    const spec = program('p', [movImm(0, 1), loadMap(1)], { relocations: [mapAt(1, 'm')] })
    const bytes = relocate(spec, names(0x1234))
    expect(bytes.length).toBe(24)
    expect([bytes[8], bytes[9], bytes[12], bytes[13]]).toEqual([0x18, 0x11, 0x34, 0x12])
    expect(spec.insns[1]).toEqual(loadMap(1))
    const value = { kind: 'mapValue', slot: 1, map: 'm', offset: 16 } as const
    const inside = relocate({ ...spec, relocations: [value] }, names(5))
    expect([inside[9], inside[12], inside[20]]).toEqual([0x21, 5, 16])
  })

  it('refuses a place that is no 64-bit load', () => {
    const at = (slot: number) => program('p', [movImm(0, 1), loadMap(1)], { relocations: [mapAt(slot, 'm')] })
    expect(() => relocate(at(0), names(1))).toThrow('slot 0 is not on a 64-bit load')
    expect(() => relocate(at(2), names(1))).toThrow('no instruction begins at relocated slot 2')
  })
})

describe.skipIf(process.platform !== 'linux')('ELF symbols', () => {
  it('finds a function of Node itself', () => {
    const file = readFileSync(process.execPath)
    expect(symbolFileOffset(file, 'uv_run')).toBeGreaterThan(0)
    expect(symbolFileOffset(file, 'no_such_function_anywhere')).toBeUndefined()
    expect(() => symbolFileOffset(new Uint8Array(10), 'x')).toThrow('not a 64-bit little-endian ELF file')
  })
})
