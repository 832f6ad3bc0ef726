/** The helper table is complete and its columns agree with what the kernel said when the tables were generated. */
import { describe, expect, it } from 'vitest'
import { HELPER_AVAILABILITY } from '../../../packages/core/src/tables/generated/helper-availability.ts'
import { HELPER_IDS } from '../../../packages/core/src/tables/generated/helper-ids.ts'
import { helperAllowed, helperNeedsGpl } from '../../../packages/core/src/tables/helpers/availability.ts'
import {
  HELPER_NAMES,
  helperById,
  helperByName,
  helperId,
  helperRow,
} from '../../../packages/core/src/tables/helpers/index.ts'
import type { ProgramTypeName } from '../../../packages/core/src/tables/program-types.ts'

const USERS = Object.keys(HELPER_AVAILABILITY).map((key) => {
  const [type, attachType] = key.split(':')
  return { type: type as ProgramTypeName, attachType }
})

// bpf_helper_changes_pkt_data of net/core/filter.c, by hand; test/kernel/tables asks the verifier
const CHANGES_PACKET = [
  'clone_redirect',
  'l3_csum_replace',
  'l4_csum_replace',
  'lwt_push_encap',
  'lwt_seg6_action',
  'lwt_seg6_adjust_srh',
  'lwt_seg6_store_bytes',
  'msg_pop_data',
  'msg_pull_data',
  'msg_push_data',
  'skb_adjust_room',
  'skb_change_head',
  'skb_change_proto',
  'skb_change_tail',
  'skb_pull_data',
  'skb_store_bytes',
  'skb_vlan_pop',
  'skb_vlan_push',
  'store_hdr_opt',
  'xdp_adjust_head',
  'xdp_adjust_meta',
  'xdp_adjust_tail',
]

describe('helper table', () => {
  it('has a row for every helper of the kernel', () => {
    expect([...HELPER_NAMES].sort()).toEqual(Object.keys(HELPER_IDS).sort())
    expect(HELPER_NAMES.length).toBe(211)
  })

  it('knows the helpers that invalidate packet pointers', () => {
    const marked = HELPER_NAMES.filter((n) => helperRow(n).effects.invalidatesPacket && n !== 'dynptr_write')
    expect(marked.sort()).toEqual(CHANGES_PACKET)
  })

  it('has sound references between arguments', () => {
    for (const name of HELPER_NAMES) {
      const { args, ret } = helperRow(name)
      expect(args.length, name).toBeLessThanOrEqual(5)
      for (const arg of args) {
        if (arg.kind === 'mem' && arg.size !== undefined) expect(args[arg.size]?.kind, name).toBe('size')
        if (arg.kind === 'mem') expect((arg.size === undefined) !== (arg.bytes === undefined), name).toBe(true)
        if (arg.kind === 'mapKey' || arg.kind === 'mapValue') expect(args[arg.map]?.kind, name).toBe('map')
      }
      if (ret.kind === 'mapValueOrNull') expect(args[ret.map]?.kind, name).toBe('map')
      if (ret.kind === 'recordOrNull') expect(args[ret.size]?.kind, name).toBe('size')
    }
  })

  it('agrees with the kernel about licences', () => {
    for (const name of HELPER_NAMES) {
      const users = USERS.filter((user) => helperAllowed(user, name) === true)
      if (users.length === 0) continue
      expect(helperRow(name).gplOnly === true, name).toBe(users.every((user) => helperNeedsGpl(user, name)))
    }
  })

  it('derives memory effects from the arguments', () => {
    expect(helperRow('probe_read_kernel').effects.writes).toEqual(['stack', 'mapValue', 'ringbuf'])
    expect(helperRow('probe_read_kernel').effects.reads).toContain('stack')
    expect(helperRow('map_update_elem').effects.reads).toContain('stack')
    expect(helperRow('ktime_get_ns').effects).toMatchObject({ reads: [], writes: [], volatile: true })
  })

  it('finds helpers by all spellings', () => {
    for (const name of ['skb-load-bytes', 'SKB-LOAD-BYTES', 'bpf_skb_load_bytes', 'skb_load_bytes', 'skbLoadBytes'])
      expect(helperByName(name), name).toBe('skb_load_bytes')
    expect(helperByName('ntohs')).toBeUndefined()
    expect(helperByName('constructor')).toBeUndefined()
    expect(helperId('get_socket_cookie')).toBe(46)
    expect(helperById(158)).toBe('get_current_task_btf')
  })

  it('knows which program types may call what', () => {
    expect(helperAllowed('xdp', 'xdp_adjust_head')).toBe(true)
    expect(helperAllowed('xdp', 'skb_load_bytes')).toBe(false)
    expect(helperAllowed('cgroup_skb', 'skb_load_bytes')).toBe(true)
    expect(helperAllowed({ type: 'cgroup_sock_addr', attachType: 'CGROUP_INET4_CONNECT' }, 'bind')).toBe(true)
    expect(helperAllowed({ type: 'cgroup_sock_addr', attachType: 'CGROUP_UDP4_SENDMSG' }, 'bind')).toBe(false)
    expect(helperAllowed('lsm', 'ktime_get_ns')).toBe('unknown')
  })
})
