/**
 * Creates one map, or takes the pinned one when the declaration asks for pinning by name and it exists already.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { MapSpec } from '@unplugin-bpf/core/object'
import { checkSyscall } from './errors.ts'
import type { LoadedBtf } from './load-btf.ts'
import { mapTypeOf } from './map-type.ts'
import { openPinned, pinFd } from './pin.ts'
import { ATTR, kernelName } from './sys/attr.ts'
import { bpf } from './sys/bpf.ts'
import { possibleCpus } from './sys/machine.ts'
import { closeFd } from './sys/syscall.ts'
import type { Capability } from './system-state.ts'

export interface MapSurroundings {
  readonly btf: LoadedBtf | undefined
  readonly pinRoot: string
  /** Capabilities that the whole object needs: the first error should name them all. */
  readonly needs: readonly Capability[]
}

export interface LoadedMap {
  readonly fd: number
  /** A pinned map that was there already keeps its content. */
  readonly fresh: boolean
}

export function loadMap(spec: MapSpec, surroundings: MapSurroundings): LoadedMap {
  if (spec.pinning === 'byName') {
    const path = join(surroundings.pinRoot, spec.name)
    if (existsSync(path)) return { fd: openPinned(spec, path), fresh: false }
    return { fd: createPinned(spec, path, surroundings), fresh: true }
  }
  return { fd: spec.data ? createDataMap(spec, surroundings) : createMap(spec, surroundings), fresh: true }
}

function createPinned(spec: MapSpec, path: string, surroundings: MapSurroundings): number {
  const fd = createMap(spec, surroundings)
  try {
    pinFd(fd, path, `map "${spec.name}"`)
    return fd
  } catch (error) {
    closeFd(fd)
    throw error
  }
}

/** A data section: filled from the object; constants are frozen, so that the verifier may rely on them. */
function createDataMap(spec: MapSpec, surroundings: MapSurroundings): number {
  const fd = createMap(spec, surroundings)
  try {
    const content = { map_fd: fd, key: new Uint8Array(4), value: spec.data!.content, flags: 0 }
    checkSyscall(bpf(ATTR.mapUpdate, content), `fill section ${spec.data!.section}`)
    if (spec.data!.frozen) checkSyscall(bpf(ATTR.mapFreeze, { map_fd: fd }), `freeze section ${spec.data!.section}`)
    return fd
  } catch (error) {
    closeFd(fd)
    throw error
  }
}

/** Of a map of maps, the kernel learns from a template what the maps in it look like; it keeps no hold on it. */
function createMap(spec: MapSpec, surroundings: MapSurroundings): number {
  if (!spec.inner) return createPlainMap(spec, surroundings, 0)
  const template = createPlainMap(spec.inner, surroundings, 0)
  try {
    return createPlainMap(spec, surroundings, template)
  } finally {
    closeFd(template)
  }
}

function createPlainMap(spec: MapSpec, { btf, needs }: MapSurroundings, innerFd: number): number {
  const row = mapTypeOf(spec)
  const attributes = {
    map_type: row.id,
    key_size: spec.keySize,
    value_size: spec.valueSize,
    max_entries: spec.maxEntries || (spec.type === 'perf_event_array' ? possibleCpus() : 0),
    map_flags: spec.flags | row.requiredFlags,
    inner_map_fd: innerFd,
    map_name: kernelName(spec.name),
  }
  // Not every kind of map takes BTF for its key and value (map_check_btf, kernel/bpf/syscall.c); it is never essential.
  if (btf && spec.btfValueTypeId !== undefined) {
    const ids = { btf_key_type_id: spec.btfKeyTypeId ?? 0, btf_value_type_id: spec.btfValueTypeId }
    const fd = bpf(ATTR.mapCreate, { ...attributes, btf_fd: btf.fd, ...ids })
    if (fd >= 0) return fd
  }
  return checkSyscall(bpf(ATTR.mapCreate, attributes), `create map "${spec.name}"`, {
    needs,
    since: row.since,
    causes: {
      EINVAL: `the kernel refuses ${spec.type} maps with ${spec.keySize}-byte keys, ${spec.valueSize}-byte values, ${spec.maxEntries} entries and flags ${spec.flags}`,
      E2BIG: `${spec.maxEntries} entries of ${spec.keySize} + ${spec.valueSize} bytes are more than the kernel takes`,
    },
  })
}
