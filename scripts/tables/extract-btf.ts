/** Takes enums, constants and context structs out of a kernel's BTF. */
import { type Btf, isModifier } from '../../packages/core/src/btf/reader.ts'
import type { BtfMember } from '../../packages/core/src/btf/types.ts'
import type { InputField, InputStruct, KernelInput } from './kernel-input.ts'

const ENUMS = ['bpf_func_id', 'bpf_prog_type', 'bpf_attach_type', 'bpf_map_type', 'bpf_cmd', 'bpf_link_type']

const STRUCTS = [
  ...['xdp_md', '__sk_buff', 'bpf_sock', 'bpf_sock_addr', 'bpf_sock_ops', 'bpf_sk_lookup', 'sk_msg_md'],
  ...['sk_reuseport_md', 'bpf_sysctl', 'bpf_sockopt', 'bpf_perf_event_data', 'bpf_cgroup_dev_ctx'],
  ...['bpf_raw_tracepoint_args', 'bpf_nf_ctx', 'pt_regs', 'bpf_flow_keys', 'bpf_fib_lookup', 'bpf_tunnel_key'],
  ...['bpf_tcp_sock', 'bpf_redir_neigh', 'bpf_pidns_info', 'bpf_perf_event_value', 'bpf_xfrm_state'],
]

/** Enumerators that belong to the language of programs; the kernel's inner ones are left out. */
const WANTED = [
  /^BPF_(ANY|NOEXIST|EXIST|OK|DROP|REDIRECT)$/,
  /^BPF_(F|RB|SOCK_OPS|TCP|FIB_LOOKUP|FIB_LKUP_RET|ADJ_ROOM|HDR_START|CSUM_LEVEL|LWT|LOAD_HDR|WRITE_HDR|MTU_CHK)_/,
  /^BPF_(RINGBUF|LOCAL_STORAGE|SK_STORAGE|SK_LOOKUP_F|SKB_CLOCK|SKB_TSTAMP|FLOW_DISSECTOR)_/,
  /^BPF_(CGROUP_(INET|UDP|UNIX|SOCK|DEVICE|SYSCTL|GETSOCKOPT|SETSOCKOPT)|XDP|SK_LOOKUP$|SK_MSG_VERDICT|TCX_|NETKIT_)/,
  /^XDP_(ABORTED|DROP|PASS|TX|REDIRECT)$/,
  /^(SK_(DROP|PASS)|TCX_\w+|NETKIT_(NEXT|PASS|DROP|REDIRECT))$/,
]

export function extractBtf(btf: Btf): Pick<KernelInput, 'enums' | 'constants' | 'structs'> {
  return {
    enums: Object.fromEntries(ENUMS.map((name) => [name, enumOf(btf, name)])),
    constants: constantsOf(btf),
    structs: Object.fromEntries(STRUCTS.map((name) => [name, structOf(btf, name)])),
  }
}

function enumOf(btf: Btf, name: string): Record<string, number> {
  const found = btf.find('enum', name)
  if (!found) throw new Error(`the kernel's BTF has no enum ${name}`)
  return Object.fromEntries(found.values.map((v) => [v.name, Number(v.value)]))
}

function constantsOf(btf: Btf): Record<string, string> {
  const constants: Record<string, string> = {}
  for (const id of [...btf.idsOf('enum'), ...btf.idsOf('enum64')]) {
    const type = btf.type(id)
    if (type.kind !== 'enum' && type.kind !== 'enum64') continue
    for (const { name, value } of type.values)
      if (WANTED.some((pattern) => pattern.test(name))) constants[name] = String(value)
  }
  return constants
}

function structOf(btf: Btf, name: string): InputStruct {
  const found = btf.find('struct', name)
  if (!found) throw new Error(`the kernel's BTF has no struct ${name}`)
  return { size: found.size, fields: found.members.flatMap((member) => fieldsOf(btf, member, 0)) }
}

/** One field, or those of an anonymous struct or union. */
function fieldsOf(btf: Btf, member: BtfMember, base: number): InputField[] {
  const offset = base + member.bitOffset / 8
  const type = btf.resolve(member.type)
  if (member.name === '' && (type.kind === 'struct' || type.kind === 'union'))
    return type.members.flatMap((inner) => fieldsOf(btf, inner, offset))
  const field = { name: member.name, offset }
  if (type.kind !== 'array') return [{ ...field, ...scalarOf(btf, member.type) }]
  return [{ ...field, ...scalarOf(btf, type.type), length: type.length }]
}

function scalarOf(btf: Btf, id: number): Partial<InputField> {
  const type = btf.resolve(id)
  switch (type.kind) {
    case 'ptr':
      return { bits: 64, pointer: true }
    case 'int':
      return {
        bits: type.size * 8,
        ...(type.encoding & 1 ? { signed: true as const } : {}),
        ...(isNetworkOrder(btf, id) ? { net: true as const } : {}),
      }
    case 'struct':
    case 'union':
      return { struct: type.name, bytes: type.size }
    default:
      throw new Error(`a context struct has a member of kind ${type.kind}`)
  }
}

/** Declared through one of the typedefs __be16, __be32, __be64. */
function isNetworkOrder(btf: Btf, id: number): boolean {
  for (let type = btf.type(id); isModifier(type); type = btf.type(type.type))
    if (/^__be\d\d$/.test(type.name)) return true
  return false
}
