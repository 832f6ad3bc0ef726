/**
 * Asks the running kernel which program types, map types, helpers and ways of attaching it has, by loading the smallest
 * program or creating the smallest map of each kind. Nothing stays: every descriptor is closed at once, and nothing is
 * attached. The answers are kept for the process: asking takes some 300 system calls.
 */
import {
  HELPER_NAMES,
  type HelperName,
  helperId,
  type Insn,
  type LinkKind,
  MAP_TYPES,
  type MapTypeName,
  type MapTypeRow,
  PROGRAM_TYPES,
  type ProgramTypeName,
  type ProgramTypeRow,
} from '@unplugin-bpf/core/object'
import { raiseMemlock } from './memlock.ts'
import { type AttachAnswer, probeAttachKinds } from './probe-attach.ts'
import { type Loaded, loadProbe, type ProbeProgram, RETURN_ZERO } from './probe-load.ts'
import { ATTR } from './sys/attr.ts'
import { bpf } from './sys/bpf.ts'
import { ERRNO } from './sys/errno.ts'
import { closeFd } from './sys/syscall.ts'

/** `unknown`: the answer depends on more than the kind (an attach target with a BTF id, privileges). */
export type Presence = 'yes' | 'no' | 'unknown'

export interface KernelFeatures {
  readonly programTypes: Readonly<Record<ProgramTypeName, Presence>>
  readonly mapTypes: Readonly<Record<MapTypeName, Presence>>
  readonly helpers: Readonly<Record<HelperName, Presence>>
  /** The interface that a program of this kind is attached by. */
  readonly attachKinds: Readonly<Record<LinkKind, AttachAnswer>>
}

let known: KernelFeatures | undefined

/**
 * `fresh`: the kernel is asked again, as after a change of this process's privileges.
 * @throws KernelUnavailableError where there is no kernel to ask.
 */
export function probeFeatures(options: { readonly fresh?: true } = {}): KernelFeatures {
  if (known === undefined || options.fresh) known = askKernel()
  return known
}

function askKernel(): KernelFeatures {
  raiseMemlock()
  const programTypes = answers(Object.keys(PROGRAM_TYPES) as ProgramTypeName[], probeProgramType)
  return {
    programTypes,
    mapTypes: answers(Object.keys(MAP_TYPES) as MapTypeName[], probeMapType),
    helpers: answers(HELPER_NAMES, probeHelper),
    attachKinds: probeAttachKinds(programTypes),
  }
}

function answers<K extends string>(keys: readonly K[], ask: (key: K) => Presence): Record<K, Presence> {
  return Object.fromEntries(keys.map((key) => [key, ask(key)])) as Record<K, Presence>
}

const CALL = 0x85

function loadAndClose(program: ProbeProgram): Loaded {
  const loaded = loadProbe(program)
  if (loaded.result >= 0) closeFd(loaded.result)
  return loaded
}

function probeProgramType(name: ProgramTypeName): Presence {
  const row: ProgramTypeRow = PROGRAM_TYPES[name]
  const { result, log } = loadAndClose({ type: name })
  // The verifier began to read the program, so the kernel knows the type: it only wants another return value or target.
  if (result >= 0 || log !== '') return 'yes'
  if (result === -ERRNO.EPERM || result === -ERRNO.EACCES) return 'unknown'
  return row.sections.some((section) => section.btfTarget) || name === 'struct_ops' || name === 'ext' ? 'unknown' : 'no'
}

function probeHelper(name: HelperName): Presence {
  const call: Insn = { opcode: CALL, dst: 0, src: 0, off: 0, imm: helperId(name) }
  const { result, log } = loadAndClose({ type: 'socket_filter', insns: [call, ...RETURN_ZERO] })
  if (result < 0 && log === '') return 'unknown'
  // A number past the last helper is `invalid`; one that this program type may not call is not (kernel/bpf/verifier.c).
  return /invalid func/.test(log) ? 'no' : 'yes'
}

function probeMapType(name: MapTypeName): Presence {
  const row: MapTypeRow = MAP_TYPES[name]
  // Needs the BTF id of a kernel struct.
  if (name === 'struct_ops') return 'unknown'
  const result = row.program === 'helper' && row.key === 'fd' ? createStorage(row) : createMap(name, row)
  if (result >= 0) {
    closeFd(result)
    return 'yes'
  }
  return result === -ERRNO.EPERM || result === -ERRNO.EACCES ? 'unknown' : 'no'
}

function createMap(name: MapTypeName, row: MapTypeRow): number {
  const inner = name === 'array_of_maps' || name === 'hash_of_maps' ? createMap('array', MAP_TYPES.array) : undefined
  const result = bpf(ATTR.mapCreate, {
    map_type: row.id,
    key_size: KEY_BYTES[name] ?? (row.key === 'none' ? 0 : 4),
    value_size: VALUE_BYTES[name] ?? (row.value === 'none' ? 0 : row.value === 'fd' ? 4 : 8),
    max_entries: row.maxEntries === 'pageBytes' ? 65536 : row.maxEntries === 'zero' ? 0 : 1,
    map_flags: row.requiredFlags,
    ...(inner !== undefined && { inner_map_fd: inner }),
  })
  if (inner !== undefined && inner >= 0) closeFd(inner)
  return result
}

/** Sizes that follow from no column of the table: struct bpf_lpm_trie_key, struct bpf_cgroup_storage_key, 127 frames. */
const KEY_BYTES: Partial<Record<MapTypeName, number>> = {
  lpm_trie: 8,
  cgroup_storage: 16,
  percpu_cgroup_storage: 16,
}
const VALUE_BYTES: Partial<Record<MapTypeName, number>> = { stack_trace: 8 * 127, devmap: 4, devmap_hash: 4, cpumap: 4 }

/** Local storage wants BTF for its int key and its value (bpf_local_storage_map_check_btf). */
function createStorage(row: MapTypeRow): number {
  const btf = bpf(ATTR.btfLoad, { btf: INT_BTF, btf_size: INT_BTF.length })
  if (btf < 0) return btf
  const result = bpf(ATTR.mapCreate, {
    map_type: row.id,
    key_size: 4,
    value_size: 4,
    max_entries: 0,
    map_flags: row.requiredFlags,
    btf_fd: btf,
    btf_key_type_id: 1,
    btf_value_type_id: 1,
  })
  closeFd(btf)
  return result
}

/** One type, `int`: struct btf_header, struct btf_type with its word, the strings (Documentation/bpf/btf.rst). */
const INT_BTF = Uint8Array.of(
  ...new Uint8Array(Uint32Array.of(0x0001_eb9f, 24, 0, 16, 16, 5, 1, 0x0100_0000, 4, 0x0100_0020).buffer),
  ...new TextEncoder().encode('\0int\0'),
)
