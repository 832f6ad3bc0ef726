/** Objects made by hand, before the kernel, bpftool and llvm-objdump. */
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { toElf } from '../../../packages/core/src/object/to-elf.ts'
import { PROGRAM_TYPES } from '../../../packages/core/src/tables/program-types.ts'
import { defaultSection } from '../../../packages/core/src/tables/sections.ts'
import { layoutStruct, layoutUnion } from '../../../packages/core/src/types/layout.ts'
import { i32, u8, u16, u32, u64 } from '../../../packages/core/src/types/types.ts'
import {
  bpftoolLoad,
  bpftoolRun,
  btfDump,
  canUseKernel,
  hasTool,
  objdump,
  skipNote,
} from '../../support/kernel-oracle.ts'
import { code, counting, exit, handObject, line, loadMap, mapDecl, mov64Imm, returning } from '../../support/objects.ts'

const kernel = canUseKernel()
const dump = hasTool('llvm-objdump')

const tuple = layoutStruct('tuple', [
  { name: 'saddr', type: { ...u32, order: 'net', display: 'ipv4' } },
  { name: 'port', type: u16 },
  { name: 'flags', type: { kind: 'array', element: u8, length: 6 } },
])
const event = layoutStruct('event', [
  { name: 'key', type: tuple },
  { name: 'comm', type: { kind: 'array', element: u8, length: 16, display: 'str' } },
  { name: 'ok', type: { ...u8, display: 'bool' } },
  { name: 'code', type: i32 },
  {
    name: 'data',
    type: layoutUnion('data', [
      { name: 'a', type: u64 },
      { name: 'b', type: u8 },
    ]),
  },
])
const lpmKey = layoutStruct('lpm_key', [
  { name: 'prefixlen', type: u32 },
  { name: 'addr', type: u32 },
])

const everyMap = [
  mapDecl('hits', { keyType: u32, valueType: u64 }),
  mapDecl('raw', { type: 'hash', keySize: 12, valueSize: 40 }),
  mapDecl('typed', {
    type: 'hash',
    keySize: tuple.size,
    keyType: tuple,
    valueSize: event.size,
    valueType: event,
    maxEntries: 64,
  }),
  mapDecl('half', { type: 'lru_hash', keySize: 4, keyType: u32, valueSize: 24, maxEntries: 64 }),
  mapDecl('cpu_hits', { type: 'percpu_array', valueType: u64 }),
  mapDecl('cpu_hash', { type: 'percpu_hash', keyType: u32, valueType: u32, valueSize: 4, maxEntries: 8 }),
  mapDecl('routes', { type: 'lpm_trie', keySize: 8, keyType: lpmKey, valueType: u64, flags: 1, maxEntries: 16 }),
  mapDecl('routes_raw', { type: 'lpm_trie', keySize: 8, keyType: u64, valueType: u64, flags: 1, maxEntries: 16 }),
  mapDecl('events', { type: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: 4096 }),
  mapDecl('jumps', { type: 'prog_array', valueSize: 4, keyType: u32, valueType: u32, maxEntries: 4 }),
]

describe.skipIf(!kernel.ok)(`bpftool loads${skipNote(kernel)}`, () => {
  const expectLoads = (object: ReturnType<typeof handObject>) => {
    const result = bpftoolLoad(toElf(object))
    expect(result.log).not.toContain('BTF is optional')
    expect(result.log).not.toMatch(/retrying without BTF/i)
    expect(result).toMatchObject({ ok: true })
  }

  it('a program without maps', () => expectLoads(handObject({ programs: [{ name: 'pass', code: returning(2) }] })))

  it('a counter, and counts', () => {
    const object = handObject({ programs: [{ name: 'count', code: counting('hits', 2) }], maps: [everyMap[0]!] })
    expectLoads(object)
    const report = bpftoolRun(toElf(object), 'count', [new Uint8Array(64), new Uint8Array(100).fill(7)])
    expect(report.runs.map((run) => [run.retval, run.data.length])).toEqual([
      [2, 64],
      [2, 100],
    ])
    expect(report.runs[1]!.data[99]).toBe(7)
    expect(report.maps.get('hits')).toEqual([
      { key: Uint8Array.of(0, 0, 0, 0), values: [Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0)] },
    ])
  })

  it('every kind of map, with and without types', () => {
    const programs = everyMap.map(({ name }) => ({
      name: `use_${name}`,
      code: code([loadMap(1), mov64Imm(0, 2), exit], { relocations: [{ kind: 'map', slot: 0, map: name }] }),
    }))
    expectLoads(handObject({ programs, maps: everyMap, structs: [tuple, event] }))
  })

  it('several programs in one section, each with its own map', () => {
    const object = handObject({
      programs: [
        { name: 'first', code: returning(1) },
        { name: 'second', code: counting('hits', 3) },
        { name: 'other', code: returning(0), section: 'tc', type: 'sched_cls', attachType: 'TCX_INGRESS' },
        { name: 'third', code: counting('more', 2) },
      ],
      maps: [mapDecl('hits'), mapDecl('more')],
    })
    expectLoads(object)
    const elf = toElf(object)
    expect(bpftoolRun(elf, 'third', [new Uint8Array(64)]).maps.get('more')?.[0]?.values[0]?.[0]).toBe(1)
    expect(bpftoolRun(elf, 'second', [new Uint8Array(64)]).maps.get('hits')?.[0]?.values[0]?.[0]).toBe(1)
    expect(bpftoolRun(elf, 'first', [new Uint8Array(64)]).runs[0]?.retval).toBe(1)
  })

  it('a pinned map, and removes the pin', () => {
    const map = mapDecl(`pin_test_${process.pid}`, { pinning: 'byName' })
    expectLoads(handObject({ programs: [{ name: 'count', code: counting(map.name, 2) }], maps: [map] }))
    expect(readdirSync('/sys/fs/bpf')).not.toContain(map.name)
  })

  it('says why when the verifier refuses, with our source line', () => {
    const object = handObject({
      programs: [{ name: 'bad', code: code([exit], { lines: [line(0, 7, '(return nothing)')] }) }],
    })
    const result = bpftoolLoad(toElf(object))
    expect(result.ok).toBe(false)
    expect(result.log).toContain('R0 !read_ok')
    expect(result.log).toContain('; (return nothing)')
  })

  // Types that need no attach target and may be loaded here (tracing types with BTF are refused on purpose).
  const simple = [
    'socket_filter',
    'sched_cls',
    'kprobe',
    'tracepoint',
    'cgroup_skb',
    'cgroup_sock',
    'sock_ops',
    'sk_msg',
  ] as const
  it.each(simple)('the context of %s', (type) => {
    const section = { ...defaultSection(type) }
    const name = section.target === 'required' ? `${section.name}/sched/sched_switch` : section.name
    expect(PROGRAM_TYPES[type]).toBeDefined()
    const attach = section.attachType === undefined ? {} : { attachType: section.attachType }
    expectLoads(handObject({ programs: [{ name: 'p', code: returning(1), section: name, type, ...attach }] }))
  })
})

describe.skipIf(!kernel.ok)(`bpftool btf dump${skipNote(kernel)}`, () => {
  const elf = toElf(
    handObject({ programs: [{ name: 'count', code: counting('hits', 2) }], maps: everyMap, structs: [tuple, event] }),
  )

  it('shows our types as C', () => {
    const text = btfDump(elf, 'c')
    expect(text).toContain(
      'struct tuple {\n\tunsigned int saddr;\n\tunsigned short port;\n\tunsigned char flags[6];\n};',
    )
    expect(text).toContain('char comm[16];\n\t_Bool ok;')
    expect(text).toContain('struct xdp_md {')
  })

  it('shows maps and functions', () => {
    const text = btfDump(elf)
    expect(text).toMatch(/DATASEC '\.maps' size=\d+ vlen=10/)
    expect(text).toMatch(/FUNC 'count' type_id=\d+ linkage=global/)
    expect(text).toMatch(/FUNC_PROTO '\(anon\)' ret_type_id=\d+ vlen=1\n\t'ctx' type_id=\d+/)
  })
})

describe.skipIf(!dump.ok)(`llvm-objdump${skipNote(dump)}`, () => {
  it('disassembles with symbols and relocations', () => {
    const object = handObject({
      programs: [
        { name: 'first', code: returning(1) },
        { name: 'count', code: counting('hits', 2) },
      ],
      maps: [mapDecl('hits')],
    })
    const text = objdump(toElf(object))
    expect(text).toContain('file format elf64-bpf')
    expect(text).toMatch(/0000000000000000 <first>:\n\s+0:.*r0 = 1\n\s+1:.*exit/)
    expect(text).toMatch(/0000000000000010 <count>:/)
    expect(text).toMatch(/R_BPF_64_64\s+hits/)
    expect(text).toContain('call 1')
    expect(text).toContain('lock *(u64 *)(r0 + 0) += r1')
  })
})
