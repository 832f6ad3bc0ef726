/** Program types, sections, contexts, maps, constants and headers: consistency, and the facts that the book states. */
import { describe, expect, it } from 'vitest'
import { constantByName } from '../../../packages/core/src/tables/constants.ts'
import {
  CONTEXTS,
  type ContextName,
  contextField,
  contextRow,
  mayReadField,
  mayWriteField,
} from '../../../packages/core/src/tables/contexts.ts'
import { ATTACH_TYPE_IDS, MAP_TYPE_IDS, PROG_TYPE_IDS } from '../../../packages/core/src/tables/generated/enums.ts'
import { MAP_TYPES } from '../../../packages/core/src/tables/map-types.ts'
import { PROGRAM_TYPES, type ProgramTypeName, programTypeRow } from '../../../packages/core/src/tables/program-types.ts'
import { HEADERS, headerAccessor } from '../../../packages/core/src/tables/protocols.ts'
import { PT_REGS } from '../../../packages/core/src/tables/pt-regs.ts'
import {
  defaultSection,
  matchSection,
  programTypeByName,
  SECTION_NAMES,
} from '../../../packages/core/src/tables/sections.ts'
import { sizeOf } from '../../../packages/core/src/types/layout.ts'

const TYPES = Object.keys(PROGRAM_TYPES) as ProgramTypeName[]

describe('program types', () => {
  it('are those of the kernel', () => {
    expect(Object.fromEntries(TYPES.map((t) => [t, programTypeRow(t).id]))).toEqual(PROG_TYPE_IDS)
  })

  it('let packets through by a verdict that they may return', () => {
    for (const type of TYPES) {
      const { passVerdict, returns, verdicts } = programTypeRow(type)
      if (returns) expect(passVerdict >= returns[0] && passVerdict <= returns[1], type).toBe(true)
      if (Object.keys(verdicts).length > 0) expect(Object.values(verdicts), type).toContain(passVerdict)
    }
  })

  it.each([
    ['xdp', 'xdp'],
    ['SOCKET-FILTER', 'socket_filter'],
    ['cgroup-sock-addr', 'cgroup_sock_addr'],
    ['tc', 'sched_cls'],
    ['sched-cls', 'sched_cls'],
    ['sock-ops', 'sock_ops'],
    ['raw-tp', 'raw_tracepoint'],
  ] as const)('%s is a name of %s', (name, type) => {
    expect(programTypeByName(name)).toBe(type)
  })

  it('has no other names', () => {
    expect(programTypeByName('xpd')).toBeUndefined()
  })
})

describe('sections', () => {
  it('belong to one program type each', () => {
    expect(new Set(SECTION_NAMES).size).toBe(TYPES.flatMap((t) => programTypeRow(t).sections).length)
  })

  it('of the defaults match their own type', () => {
    for (const type of TYPES) {
      const match = matchSection(defaultSection(type).name)
      expect([match?.type, match?.label]).toEqual([type, undefined])
    }
  })

  const cases: [string, object][] = [
    ['xdp', { type: 'xdp', section: 'xdp', entry: { attachType: 'XDP' } }],
    ['xdp/tcp', { type: 'xdp', section: 'xdp', label: 'tcp' }],
    ['xdp/devmap', { type: 'xdp', section: 'xdp/devmap', entry: { attachType: 'XDP_DEVMAP' } }],
    ['xdp.frags/a/b', { type: 'xdp', section: 'xdp.frags', label: 'a/b' }],
    ['tc/block_4444', { type: 'sched_cls', section: 'tc', label: 'block_4444' }],
    ['tc', { type: 'sched_cls', section: 'tc' }],
    ['tcx/egress', { type: 'sched_cls', section: 'tcx/egress', entry: { attachType: 'TCX_EGRESS' } }],
    ['kprobe/do_sys_open', { type: 'kprobe', section: 'kprobe/do_sys_open', target: 'do_sys_open' }],
    ['kretprobe/f', { type: 'kprobe', entry: { onReturn: true } }],
    [
      'uprobe//lib64/libc.so.6:malloc',
      { type: 'kprobe', target: '/lib64/libc.so.6:malloc', entry: { link: 'uprobe' } },
    ],
    ['tracepoint/sched/sched_switch', { type: 'tracepoint', target: 'sched/sched_switch' }],
    [
      'cgroup_skb/egress',
      { type: 'cgroup_skb', section: 'cgroup_skb/egress', entry: { attachType: 'CGROUP_INET_EGRESS' } },
    ],
    ['cgroup/connect4', { type: 'cgroup_sock_addr', entry: { attachType: 'CGROUP_INET4_CONNECT' } }],
    ['cgroup/sock_create', { type: 'cgroup_sock', entry: { attachType: 'CGROUP_INET_SOCK_CREATE' } }],
    ['sockops', { type: 'sock_ops', entry: { attachType: 'CGROUP_SOCK_OPS' } }],
    ['lsm.s/file_open', { type: 'lsm', target: 'file_open', entry: { sleepable: true } }],
  ]
  it.each(cases)('%s', (section, expected) => {
    expect(matchSection(section)).toMatchObject(expected)
  })

  it.each(['cgroup/nonsense', 'xdpx', 'cgroup', '', '/', 'xdp/', 'maps'])('%j is none', (section) => {
    expect(matchSection(section)).toBeUndefined()
  })
})

describe('contexts', () => {
  it('have fields inside their size, writable only for known program types', () => {
    for (const name of Object.keys(CONTEXTS) as ContextName[])
      for (const field of contextRow(name).fields) {
        const end = field.offset + sizeOf(field.type) * (field.length ?? 1)
        expect(end, `${name}.${field.name}`).toBeLessThanOrEqual(contextRow(name).size)
      }
  })

  it('have the offsets that the book states', () => {
    expect(contextField('xdp_md', 'data')).toMatchObject({ offset: 0, pointer: 'packet' })
    expect(contextField('xdp_md', 'data_end')).toMatchObject({ offset: 4, pointer: 'packetEnd' })
    expect(contextField('__sk_buff', 'data')?.offset).toBe(76)
    expect(contextField('__sk_buff', 'data_end')?.offset).toBe(80)
    expect(contextField('bpf_sock_addr', 'user_ip4')?.offset).toBe(4)
    expect(contextField('bpf_sock_addr', 'user_ip6')).toMatchObject({ offset: 8, length: 4 })
    expect(contextField('bpf_sock_ops', 'op')?.offset).toBe(0)
  })

  it('know who may read and write', () => {
    const mark = contextField('__sk_buff', 'mark')!
    expect(mayWriteField(mark, { type: 'sched_cls', attachType: undefined })).toBe(true)
    expect(mayWriteField(mark, { type: 'socket_filter', attachType: undefined })).toBe(false)
    expect(mayReadField(mark, { type: 'sk_skb', attachType: undefined })).toBe(false)
    const ip4 = contextField('bpf_sock_addr', 'user_ip4')!
    expect(mayWriteField(ip4, { type: 'cgroup_sock_addr', attachType: 'CGROUP_INET4_CONNECT' })).toBe(true)
    expect(mayReadField(ip4, { type: 'cgroup_sock_addr', attachType: 'CGROUP_INET6_CONNECT' })).toBe(false)
    const family = contextField('bpf_sock_addr', 'user_family')!
    expect(mayWriteField(family, { type: 'cgroup_sock_addr', attachType: 'CGROUP_INET4_CONNECT' })).toBe(false)
  })

  it('know the argument registers', () => {
    expect(PT_REGS.x86_64.params).toEqual([112, 104, 96, 88, 72, 64])
    expect(PT_REGS.x86_64.result).toBe(80)
    expect(PT_REGS.arm64.params.slice(0, 3)).toEqual([0, 8, 16])
  })
})

describe('map types', () => {
  it('are those of the kernel', () => {
    const ids = Object.fromEntries(Object.entries(MAP_TYPES).map(([name, row]) => [name, row.id]))
    const { cgroup_storage_deprecated: _, percpu_cgroup_storage_deprecated: __, ...kernel } = MAP_TYPE_IDS
    expect(ids).toEqual(kernel)
  })
})

describe('constants', () => {
  it.each([
    ['XDP_PASS', 2n],
    ['TC_ACT_SHOT', 2n],
    ['BPF_NOEXIST', 1n],
    ['+ethertype-ipv6+', 0x86ddn],
    ['+ETH-HDR-LEN+', 14n],
    ['+ip-proto-udp+', 17n],
    ['+tcp-urg+', 0x20n],
    ['+bpf-cgroup-inet-sock-release+', 34n],
    ['+bpf-noexist+', 1n],
    ['ETH_P_IP', 0x800n],
    ['BPF_F_CURRENT_CPU', 0xffffffffn],
    ['TC_ACT_UNSPEC', -1n],
  ] as const)('%s is %d', (name, value) => {
    expect(constantByName(name)?.value).toBe(value)
  })

  it.each(['xdp-pass', '+xdp_pasz+', 'NOPE', '++', 'toString'])('%s is none', (name) => {
    expect(constantByName(name)).toBeUndefined()
  })

  it('of attach types agree with the enum', () => {
    expect(constantByName('+bpf-cgroup-udp6-sendmsg+')?.value).toBe(BigInt(ATTACH_TYPE_IDS.CGROUP_UDP6_SENDMSG))
  })
})

describe('protocol headers', () => {
  it('have fields inside their size', () => {
    for (const [name, header] of Object.entries(HEADERS))
      for (const [field, { offset, type }] of Object.entries(header.fields))
        expect(offset + sizeOf(type), `${name}.${field}`).toBeLessThanOrEqual(header.size)
  })

  it.each([
    ['eth-dst-mac-lo', 4, 16, undefined],
    ['eth-type', 12, 16, 'net'],
    ['ipv4-protocol', 9, 8, undefined],
    ['IPV4-SRC-ADDR', 12, 32, undefined],
    ['ipv6-dst-addr-lo', 32, 64, undefined],
    ['tcp-window', 14, 16, 'net'],
    ['udp-length', 4, 16, 'net'],
    ['icmp-rest', 4, 32, 'net'],
  ] as const)('%s', (name, offset, bits, order) => {
    const accessor = headerAccessor(name)
    expect(accessor?.offset).toBe(offset)
    expect(accessor?.type.bits).toBe(bits)
    expect(accessor?.type.order).toBe(order)
  })
})
