/** Map rules against the kernel: the smallest legal shape is created, and the same without a required flag is refused. */
import { kernelUsable } from '@unplugin-bpf/loader'
import { afterAll, describe, expect, it } from 'vitest'
import { MAP_TYPES, type MapTypeName } from '../../../packages/core/src/tables/map-types.ts'
import { ATTR } from '../../../packages/loader/src/sys/attr.ts'
import { bpf } from '../../../packages/loader/src/sys/bpf.ts'
import { closeFd } from '../../../packages/loader/src/sys/syscall.ts'
import { bareMap, closeMaps, mapShape } from '../../support/kernel-load.ts'

const usable = kernelUsable()
const title = usable.ok ? 'the kernel agrees with the map table' : `the map table (skipped: ${usable.reason})`

/** They need BTF of the value, an inner map, or belong to struct_ops. */
const NEED_MORE: readonly MapTypeName[] = [
  'array_of_maps',
  'hash_of_maps',
  'sk_storage',
  'inode_storage',
  'task_storage',
  'cgrp_storage',
  'struct_ops',
]
const types = (Object.keys(MAP_TYPES) as MapTypeName[]).filter((type) => !NEED_MORE.includes(type))
const flagged = types.filter((type) => MAP_TYPES[type].requiredFlags !== 0)
const keyless = types.filter((type) => MAP_TYPES[type].key === 'none')
const indexed = types.filter((type) => MAP_TYPES[type].key === 'index')

function refuses(type: MapTypeName, change: object): boolean {
  const fd = bpf(ATTR.mapCreate, { ...mapShape(type), ...change })
  if (fd >= 0) closeFd(fd)
  return fd < 0
}

describe.skipIf(!usable.ok)(title, () => {
  afterAll(closeMaps)

  it.each(types)('%s', (type) => {
    expect(bareMap(type)).toBeGreaterThan(0)
  })
  it.each(flagged)('%s needs its flags', (type) => {
    expect(refuses(type, { map_flags: 0 })).toBe(true)
  })
  it.each(keyless)('%s has no key', (type) => {
    expect(refuses(type, { key_size: 4 })).toBe(true)
  })
  it.each(indexed)('%s has keys of 4 bytes', (type) => {
    expect(refuses(type, { key_size: 8 })).toBe(true)
  })
})
