/**
 * Loads bare instructions and creates bare maps through bpf(2), for tests that ask the verifier many small questions.
 * Nothing is attached; every program is closed at once, maps by `closeMaps`.
 */
import { encodeInsns } from '../../packages/core/src/bpf/encode.ts'
import type { Insn } from '../../packages/core/src/bpf/insn.ts'
import { ATTACH_TYPE_IDS } from '../../packages/core/src/tables/generated/enums.ts'
import { MAP_TYPES, type MapTypeName } from '../../packages/core/src/tables/map-types.ts'
import {
  type AttachTypeName,
  type ProgramTypeName,
  programTypeRow,
} from '../../packages/core/src/tables/program-types.ts'
import { ATTR } from '../../packages/loader/src/sys/attr.ts'
import { bpf, readBpf } from '../../packages/loader/src/sys/bpf.ts'
import { closeFd } from '../../packages/loader/src/sys/syscall.ts'

export interface LoadUser {
  readonly type: ProgramTypeName
  readonly attachType: AttachTypeName | undefined
}

export interface Verdict {
  readonly accepted: boolean
  /** The verifier's last words. */
  readonly reason: string
}

export function verify(user: LoadUser, insns: readonly Insn[]): Verdict {
  const log = new Uint8Array(1 << 16)
  const result = loadProgram(user, insns, log)
  if (result >= 0) closeFd(result)
  const lines = new TextDecoder()
    .decode(log.subarray(0, log.indexOf(0)))
    .trim()
    .split('\n')
  return { accepted: result >= 0, reason: `errno ${-result}: ${lines.slice(-4, -1).join(' | ')}` }
}

/** Result or negative errno of running a program on 64 bytes of an IPv4 packet; undefined when it does not load. */
export function testRunResult(user: LoadUser, insns: readonly Insn[]): number | undefined {
  const fd = loadProgram(user, insns, new Uint8Array(1 << 16))
  if (fd < 0) return undefined
  const packet = new Uint8Array(64)
  packet[12] = 0x08
  packet[14] = 0x45
  const result = bpf(ATTR.testRun, { prog_fd: fd, data_size_in: packet.length, data_in: packet, repeat: 1 })
  closeFd(fd)
  return result
}

export interface PacketResult {
  readonly retval: number
  readonly data: Uint8Array<ArrayBuffer>
}

/** Runs an XDP program once on a packet. */
export function runOnPacket(insns: readonly Insn[], packet: Uint8Array): PacketResult {
  const log = new Uint8Array(1 << 20)
  const fd = loadProgram({ type: 'xdp', attachType: 'XDP' }, insns, log)
  if (fd < 0) throw new Error(`load: errno ${-fd}: ${new TextDecoder().decode(log.subarray(0, log.indexOf(0)))}`)
  const data = new Uint8Array(packet.length)
  const sizes = { data_size_in: packet.length, data_size_out: data.length }
  const result = bpf(ATTR.testRun, { prog_fd: fd, ...sizes, data_in: packet, data_out: data, repeat: 1 })
  const retval = readBpf(ATTR.testRun, 'retval')
  closeFd(fd)
  if (result < 0) throw new Error(`run: errno ${-result}`)
  return { retval, data }
}

function loadProgram(user: LoadUser, insns: readonly Insn[], log: Uint8Array): number {
  const bytes = encodeInsns(insns)
  return bpf(ATTR.progLoad, {
    prog_type: programTypeRow(user.type).id,
    expected_attach_type: user.attachType === undefined ? 0 : ATTACH_TYPE_IDS[user.attachType],
    insn_cnt: bytes.length / 8,
    insns: bytes,
    license: new TextEncoder().encode('GPL\0'),
    log_level: 1,
    log_size: log.length,
    log_buf: log,
  })
}

const maps = new Map<string, number>()

/** A map of the smallest legal shape; the same one for every call with one `use`. */
export function bareMap(type: MapTypeName, use = ''): number {
  const known = maps.get(type + use)
  if (known !== undefined) return known
  const fd = bpf(ATTR.mapCreate, mapShape(type))
  if (fd < 0) throw new Error(`create ${type}: errno ${-fd}`)
  maps.set(type + use, fd)
  return fd
}

/** Attributes of MAP_CREATE. */
export function mapShape(type: MapTypeName) {
  const row = MAP_TYPES[type]
  return {
    map_type: row.id,
    key_size: keySize(type),
    value_size: valueSize(type),
    max_entries: row.maxEntries === 'pageBytes' ? 4096 : row.maxEntries === 'zero' ? 0 : 1,
    map_flags: row.requiredFlags,
  }
}

export function closeMaps(): void {
  for (const fd of maps.values()) closeFd(fd)
  maps.clear()
}

function keySize(type: MapTypeName): number {
  if (type === 'lpm_trie') return 8
  if (type === 'cgroup_storage' || type === 'percpu_cgroup_storage') return 16
  return MAP_TYPES[type].key === 'none' ? 0 : 4
}

function valueSize(type: MapTypeName): number {
  const special: Partial<Record<MapTypeName, number>> = { stack_trace: 8 * 127, devmap: 4, devmap_hash: 4, cpumap: 4 }
  const { value } = MAP_TYPES[type]
  return special[type] ?? (value === 'none' ? 0 : value === 'fd' ? 4 : 8)
}
