import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Btf, readBtf } from '../../../packages/core/src/btf/reader.ts'

const path = '/sys/kernel/btf/vmlinux'

describe.skipIf(!existsSync(path))(`kernel BTF (needs ${path})`, () => {
  const bytes = existsSync(path) ? new Uint8Array(readFileSync(path)) : new Uint8Array()
  const open = (): Btf => readBtf(bytes)

  it('opens quickly and knows every type', () => {
    const start = performance.now()
    const btf = open()
    // 150 ms is the budget on a quiet machine; ten times that still catches decoding everything twice.
    expect(performance.now() - start).toBeLessThan(1500)
    expect(btf.typeCount).toBeGreaterThan(10_000)
  })

  it('decodes every type, and every reference is to a type', () => {
    const btf = open()
    for (let id = 1; id < btf.typeCount; id++) {
      const type = btf.type(id)
      if ('type' in type) expect(type.type < btf.typeCount).toBe(true)
      expect(btf.kindOf(id)).toBe(type.kind)
    }
  })

  it('finds enums with their values', () => {
    const values = open().find('enum', 'bpf_map_type')?.values
    expect(values?.find((v) => v.name === 'BPF_MAP_TYPE_RINGBUF')?.value).toBe(27n)
    const actions = open()
      .find('enum', 'xdp_action')
      ?.values.map((v) => [v.name, v.value])
    expect(actions).toContainEqual(['XDP_PASS', 2n])
  })

  it('finds 64-bit enums', () => {
    const btf = open()
    const flags = btf.find('enum64', '') ?? btf.type(btf.idsOf('enum64')[0]!)
    expect(flags).toMatchObject({ kind: 'enum64' })
    const all = btf.idsOf('enum64').flatMap((id) => {
      const type = btf.type(id)
      return type.kind === 'enum64' ? type.values : []
    })
    expect(all.find((v) => v.name === 'BPF_F_INDEX_MASK')?.value).toBe(0xffffffffn)
  })

  it('has struct members with offsets and bitfields', () => {
    const btf = open()
    const md = btf.find('struct', 'xdp_md')
    expect(md?.members.map((m) => [m.name, m.bitOffset / 8])).toEqual([
      ['data', 0],
      ['data_end', 4],
      ['data_meta', 8],
      ['ingress_ifindex', 12],
      ['rx_queue_index', 16],
      ['egress_ifindex', 20],
    ])
    expect(md?.size).toBe(24)
    const header = btf.find('struct', 'iphdr')
    expect(header?.members.slice(0, 2)).toMatchObject([
      { name: 'ihl', bitOffset: 0, bitSize: 4 },
      { name: 'version', bitOffset: 4, bitSize: 4 },
    ])
  })

  it('has function prototypes and resolves typedefs', () => {
    const btf = open()
    const func = btf.find('func', 'bpf_map_lookup_elem') ?? btf.type(btf.idsOf('func')[0]!)
    if (func.kind !== 'func') throw new Error('no function')
    expect(btf.type(func.type).kind).toBe('funcProto')
    const u32 = btf.findId('typedef', '__u32')!
    expect(btf.resolve(u32)).toMatchObject({ kind: 'int', size: 4 })
    expect(btf.sizeOf(u32)).toBe(4)
  })
})
