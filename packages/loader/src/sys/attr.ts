/**
 * `union bpf_attr` (include/uapi/linux/bpf.h, Linux 6.18): per command the fields in order, from which offsets follow by
 * natural alignment. The kernel demands zero for every byte after the last field it knows (bpf_check_uarg_tail_zero),
 * so the whole command is zeroed first, and a field that is not given costs nothing on an old kernel.
 */
import type { BPF_COMMANDS } from '@unplugin-bpf/core/object'

/** `name` is 16 bytes, NUL-terminated; `ptr` takes bytes or an address. */
type FieldType = 'u32' | 'u64' | 'ptr' | 'name'
type Fields = Readonly<Record<string, FieldType>>

interface PlacedField {
  readonly name: string
  readonly type: FieldType
  readonly offset: number
}

export interface Command<F extends Fields = Fields> {
  readonly name: keyof typeof BPF_COMMANDS
  readonly fields: readonly PlacedField[]
  /** Bytes. */
  readonly size: number
  /** Only for the type. */
  readonly declared: F
}

type ValueOf<T extends FieldType> = T extends 'ptr'
  ? Uint8Array | number
  : T extends 'name'
    ? string
    : T extends 'u64'
      ? number | bigint
      : number
export type AttrValues<F extends Fields> = { readonly [K in keyof F]?: ValueOf<F[K]> | undefined }

const SIZES = { u32: 4, u64: 8, ptr: 8, name: 16 } as const

function command<const F extends Fields>(name: keyof typeof BPF_COMMANDS, declared: F): Command<F> {
  let end = 0
  const fields = Object.entries(declared).map(([field, type]) => {
    const align = type === 'name' ? 1 : SIZES[type]
    const offset = Math.ceil(end / align) * align
    end = offset + SIZES[type]
    return { name: field, type, offset }
  })
  return { name, fields, size: end, declared }
}

const element = { map_fd: 'u32', key: 'ptr', value: 'ptr', flags: 'u64' } as const
const batch = {
  ...({ in_batch: 'ptr', out_batch: 'ptr', keys: 'ptr', values: 'ptr' } as const),
  ...({ count: 'u32', map_fd: 'u32', elem_flags: 'u64', flags: 'u64' } as const),
} as const

/** `target` is a file descriptor or an interface index. */
const linkHead = { prog_fd: 'u32', target: 'u32', attach_type: 'u32', flags: 'u32' } as const

export const ATTR = {
  mapCreate: command('MAP_CREATE', {
    ...({ map_type: 'u32', key_size: 'u32', value_size: 'u32', max_entries: 'u32', map_flags: 'u32' } as const),
    ...({ inner_map_fd: 'u32', numa_node: 'u32', map_name: 'name', map_ifindex: 'u32', btf_fd: 'u32' } as const),
    ...({ btf_key_type_id: 'u32', btf_value_type_id: 'u32', btf_vmlinux_value_type_id: 'u32' } as const),
  }),
  /** Layout of all MAP_*_ELEM commands; `value` is the next key in MAP_GET_NEXT_KEY, and absent in MAP_DELETE_ELEM. */
  mapLookup: command('MAP_LOOKUP_ELEM', element),
  mapUpdate: command('MAP_UPDATE_ELEM', element),
  mapFreeze: command('MAP_FREEZE', { map_fd: 'u32' }),
  mapLookupBatch: command('MAP_LOOKUP_BATCH', batch),
  mapUpdateBatch: command('MAP_UPDATE_BATCH', batch),
  mapDeleteBatch: command('MAP_DELETE_BATCH', batch),
  mapFdById: command('MAP_GET_FD_BY_ID', { map_id: 'u32', next_id: 'u32', open_flags: 'u32' }),
  progLoad: command('PROG_LOAD', {
    ...({ prog_type: 'u32', insn_cnt: 'u32', insns: 'ptr', license: 'ptr' } as const),
    ...({ log_level: 'u32', log_size: 'u32', log_buf: 'ptr', kern_version: 'u32', prog_flags: 'u32' } as const),
    ...({ prog_name: 'name', prog_ifindex: 'u32', expected_attach_type: 'u32', prog_btf_fd: 'u32' } as const),
    ...({ func_info_rec_size: 'u32', func_info: 'ptr', func_info_cnt: 'u32' } as const),
    ...({ line_info_rec_size: 'u32', line_info: 'ptr', line_info_cnt: 'u32' } as const),
    ...({ attach_btf_id: 'u32', attach_prog_fd: 'u32', core_relo_cnt: 'u32', fd_array: 'ptr' } as const),
    ...({ core_relos: 'ptr', core_relo_rec_size: 'u32', log_true_size: 'u32' } as const),
  }),
  objPin: command('OBJ_PIN', { pathname: 'ptr', bpf_fd: 'u32', file_flags: 'u32' }),
  objGet: command('OBJ_GET', { pathname: 'ptr', bpf_fd: 'u32', file_flags: 'u32' }),
  progAttach: command('PROG_ATTACH', {
    ...({ target_fd: 'u32', attach_bpf_fd: 'u32', attach_type: 'u32', attach_flags: 'u32' } as const),
    ...({ replace_bpf_fd: 'u32' } as const),
  }),
  progDetach: command('PROG_DETACH', {
    ...({ target_fd: 'u32', attach_bpf_fd: 'u32', attach_type: 'u32', attach_flags: 'u32' } as const),
  }),
  testRun: command('PROG_TEST_RUN', {
    ...({ prog_fd: 'u32', retval: 'u32', data_size_in: 'u32', data_size_out: 'u32', data_in: 'ptr' } as const),
    ...({ data_out: 'ptr', repeat: 'u32', duration: 'u32', ctx_size_in: 'u32', ctx_size_out: 'u32' } as const),
    ...({ ctx_in: 'ptr', ctx_out: 'ptr', flags: 'u32', cpu: 'u32', batch_size: 'u32' } as const),
  }),
  infoByFd: command('OBJ_GET_INFO_BY_FD', { bpf_fd: 'u32', info_len: 'u32', info: 'ptr' }),
  rawTracepointOpen: command('RAW_TRACEPOINT_OPEN', { name: 'ptr', prog_fd: 'u32' }),
  btfLoad: command('BTF_LOAD', {
    ...({ btf: 'ptr', btf_log_buf: 'ptr', btf_size: 'u32', btf_log_size: 'u32', btf_log_level: 'u32' } as const),
  }),
  /** What follows `flags` depends on the attach type, hence the variants; 0 suits all. */
  linkCreate: command('LINK_CREATE', linkHead),
  linkCreateBtf: command('LINK_CREATE', { ...linkHead, target_btf_id: 'u32', cookie: 'u64' }),
  linkCreatePerf: command('LINK_CREATE', { ...linkHead, cookie: 'u64' }),
  /** `relative` is a descriptor of a program or a link, as the flags say. */
  linkCreateOrdered: command('LINK_CREATE', { ...linkHead, relative: 'u32', expected_revision: 'u64' }),
  linkCreateIter: command('LINK_CREATE', { ...linkHead, iter_info: 'ptr', iter_info_len: 'u32' }),
  linkCreateNetfilter: command('LINK_CREATE', {
    ...({ ...linkHead, protocol: 'u32', hook: 'u32', priority: 'u32', hook_flags: 'u32' } as const),
  }),
  linkCreateKprobes: command('LINK_CREATE', {
    ...({ ...linkHead, probe_flags: 'u32', count: 'u32', symbols: 'ptr', addresses: 'ptr', cookies: 'ptr' } as const),
  }),
  linkCreateUprobes: command('LINK_CREATE', {
    ...({ ...linkHead, path: 'ptr', offsets: 'ptr', ref_ctr_offsets: 'ptr', cookies: 'ptr' } as const),
    ...({ count: 'u32', probe_flags: 'u32', pid: 'u32' } as const),
  }),
  linkUpdate: command('LINK_UPDATE', { link_fd: 'u32', new_prog_fd: 'u32', flags: 'u32', old_prog_fd: 'u32' }),
  linkDetach: command('LINK_DETACH', { link_fd: 'u32' }),
  iterCreate: command('ITER_CREATE', { link_fd: 'u32', flags: 'u32' }),
} as const

/** Writes one command into `view` (at least `command.size` bytes); `addressOf` turns bytes into an address. */
export function writeAttr<F extends Fields>(
  command: Command<F>,
  values: AttrValues<F>,
  view: DataView,
  addressOf: (bytes: Uint8Array) => number,
): void {
  new Uint8Array(view.buffer, view.byteOffset, command.size).fill(0)
  for (const { name, type, offset } of command.fields) {
    const value = values[name]
    if (value === undefined) continue
    if (type === 'name') writeName(view, offset, value as string)
    else if (type === 'u32') view.setUint32(offset, value as number, true)
    else if (typeof value === 'bigint') view.setBigUint64(offset, value, true)
    else writeU64(view, offset, typeof value === 'object' ? addressOf(value) : (value as number))
  }
}

function writeU64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 0x1_0000_0000, true)
  view.setUint32(offset + 4, Math.floor(value / 0x1_0000_0000), true)
}

function writeName(view: DataView, offset: number, name: string): void {
  for (let i = 0; i < Math.min(name.length, SIZES.name - 1); i++) view.setUint8(offset + i, name.charCodeAt(i))
}

/** Kernel names are at most 15 of [A-Za-z0-9_.] (bpf_obj_name_cpy, kernel/bpf/syscall.c). */
export function kernelName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_.]/g, '_').slice(0, SIZES.name - 1)
}

export function fieldOffset<F extends Fields>(command: Command<F>, field: keyof F & string): number {
  const found = command.fields.find((f) => f.name === field)
  if (found === undefined) throw new Error(`attr: ${command.name} has no field ${field}`)
  return found.offset
}
