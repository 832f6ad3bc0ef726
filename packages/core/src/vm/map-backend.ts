/** A VM map as user space sees it: the same results that the bpf(2) map commands give, errors as VmError. */
import { plainBytes } from '../bytes/plain.ts'
import type { MapBackend, ProgramBackend, RingBackend } from '../runtime/backend.ts'
import { MAP_TYPES, type MapTypeName, type MapTypeRow } from '../tables/map-types.ts'
import type { Code } from './code.ts'
import { ERRNO, errnoName, VmError } from './errno.ts'
import { strideOf, UPDATE, type VmFilter, type VmMap } from './maps/map.ts'

export interface MapBackendInit {
  readonly map: VmMap
  readonly cpus: number
  readonly consumer: RingBackend | undefined
  /** Throws after the VM was closed. */
  readonly checkOpen: () => void
  readonly codeOf: (program: ProgramBackend) => Code | undefined
  readonly mapOf: (map: MapBackend) => VmMap | undefined
  readonly backendOf: (map: VmMap) => MapBackend | undefined
}

export function createMapBackend(init: MapBackendInit): MapBackend {
  const { map, checkOpen } = init
  const { spec } = map
  const row: MapTypeRow = MAP_TYPES[spec.type as MapTypeName] // create.ts has checked the type
  const cpus = row.perCpu ? init.cpus : 1
  const stride = row.perCpu ? strideOf(spec) : spec.valueSize
  const fail = (what: string, code: number) => new VmError(`map ${spec.name}: ${what}`, code)

  const check = (what: string, bytes: Uint8Array, size: number) => {
    checkOpen()
    if (bytes.length !== size) throw fail(`the ${what} has ${bytes.length} bytes, not ${size}`, ERRNO.EINVAL)
  }

  const backend: MapBackend = {
    spec,
    cpus,
    // What `lookup` gives is nobody else's, and the VM has no locks: its programs never run meanwhile.
    peek: (key) => backend.lookup(key),
    lookup(key) {
      check('key', key, spec.keySize)
      const { values } = map
      const plainKey = plainBytes(key)
      if (map.programs !== undefined) return programEntry(map, key)
      if (map.maps !== undefined) return map.maps.get(plainKey) && PRESENT.slice()
      if (map.queue !== undefined) {
        const out = new Uint8Array(spec.valueSize)
        return map.queue.peek(out) === 0 ? out : undefined
      }
      if (map.find(plainKey, 0, 'peek') < 0 || values === undefined) return undefined
      const out = new Uint8Array(stride * cpus)
      for (let cpu = 0; cpu < cpus; cpu++) {
        const at = map.find(plainKey, cpu, 'peek')
        out.set(values.bytes.subarray(at, at + spec.valueSize), cpu * stride)
      }
      return out
    },
    update(key, value, flags) {
      check('key', key, spec.keySize)
      check('value', value, stride * cpus)
      const result = map.update(plainBytes(key), plainBytes(value), flags & ~BPF_F_LOCK, row.perCpu ? -1 : 0)
      if (result === -ERRNO.EEXIST || result === -ERRNO.ENOENT) return false
      if (result < 0) throw fail(updateProblem(map, result), result)
      return true
    },
    delete(key) {
      check('key', key, spec.keySize)
      const result = map.delete(plainBytes(key))
      if (result === -ERRNO.ENOENT) return false
      if (result < 0) throw fail(`cannot delete (${errnoName(result)}: ${spec.type} maps keep all entries)`, result)
      return true
    },
    take(key) {
      check('key', key, spec.keySize)
      if (map.queue !== undefined) {
        const out = new Uint8Array(spec.valueSize)
        return map.queue.pop(out) === 0 ? out : undefined
      }
      const value = backend.lookup(key)
      if (value !== undefined) backend.delete(key)
      return value
    },
    ...(map.filter && { contains: containsIn(map.filter, (value) => check('value', value, spec.valueSize)) }),
    nextKey(key) {
      checkOpen()
      if (key === undefined) return map.nextKey(undefined)
      check('key', key, spec.keySize)
      return map.nextKey(plainBytes(key))
    },
    ...((spec.data || isMappable(map)) && { memory: () => liveBytes(map, checkOpen) }),
    ...(map.programs === undefined ? {} : { setProgram: programSetter(init) }),
    ...(map.maps === undefined ? {} : { setInner: innerSetter(init), innerMap: innerGetter(init) }),
    ...(init.consumer === undefined ? {} : { ring: init.consumer }),
  }
  return backend
}

function containsIn(filter: VmFilter, check: (value: Uint8Array) => void) {
  return (value: Uint8Array): boolean => {
    check(value)
    return filter.has(plainBytes(value))
  }
}

/** include/uapi/linux/bpf.h */
const BPF_F_LOCK = 4
const BPF_F_MMAPABLE = 1 << 10

function isMappable({ spec }: VmMap): boolean {
  return spec.type === 'array' && (spec.flags & BPF_F_MMAPABLE) !== 0
}

/** See `MapBackend.memory`. */
function liveBytes(map: VmMap, checkOpen: () => void): Uint8Array {
  checkOpen()
  const { spec, values } = map
  const bytes = values!.bytes.subarray(0, spec.data ? spec.valueSize : spec.maxEntries * strideOf(spec))
  return spec.data?.frozen ? bytes.slice() : bytes
}

function updateProblem(map: VmMap, result: number): string {
  if (result === -ERRNO.E2BIG && map.nextKey(undefined) !== undefined) {
    return `no room for the entry (max_entries is ${map.spec.maxEntries})`
  }
  return 'cannot update'
}

/** The entry of a prog array or map of maps is an id in the kernel; here it only says that there is one. */
const PRESENT = Uint8Array.of(1, 0, 0, 0)

function programEntry(map: VmMap, key: Uint8Array): Uint8Array | undefined {
  const index = new DataView(key.buffer, key.byteOffset).getUint32(0, true)
  return map.programs![index] === undefined ? undefined : PRESENT.slice()
}

function programSetter({ map, codeOf, checkOpen }: MapBackendInit) {
  const programs = map.programs!
  return (index: number, program: ProgramBackend): void => {
    checkOpen()
    const code = codeOf(program)
    if (code === undefined) throw new VmError(`map ${map.spec.name}: the program belongs to another object`)
    if (index >= programs.length) {
      throw new VmError(`map ${map.spec.name}: index ${index}, but max_entries is ${programs.length}`, ERRNO.E2BIG)
    }
    // All programs of an array have one type (bpf_prog_map_compatible, kernel/bpf/core.c 6.18).
    const other = programs.find((p) => p !== undefined && p.program.type !== code.program.type)
    if (other !== undefined) {
      const what = `${code.program.type} program ${code.program.name} beside ${other.program.type} ${other.program.name}`
      throw new VmError(`map ${map.spec.name}: ${what}`, ERRNO.EINVAL)
    }
    programs[index] = code
  }
}

function innerSetter({ map, mapOf, checkOpen }: MapBackendInit) {
  return (key: Uint8Array, value: MapBackend): void => {
    checkOpen()
    const inner = mapOf(value)
    if (inner === undefined) throw new VmError(`map ${map.spec.name}: map ${value.spec.name} belongs to another object`)
    const result = map.maps!.set(plainBytes(key), inner, UPDATE.any)
    if (result < 0) throw new VmError(`map ${map.spec.name}: cannot hold map ${value.spec.name}`, result)
  }
}

function innerGetter({ map, backendOf, checkOpen }: MapBackendInit) {
  return (key: Uint8Array): MapBackend | undefined => {
    checkOpen()
    const inner = map.maps!.get(plainBytes(key))
    return inner && backendOf(inner)
  }
}
