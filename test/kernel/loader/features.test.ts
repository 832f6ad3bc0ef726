/** Feature probes: what this kernel has agrees with the versions in the tables; the limit on locked memory is raised. */
import { readdirSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { HELPER_NAMES, helperSince } from '@unplugin-bpf/core/object'
import { kernelUsable, probeFeatures } from '@unplugin-bpf/loader'
import { describe, expect, it } from 'vitest'
import {
  memlockCounts,
  memlockLimits,
  raiseMemlockLimit,
  setMemlockLimits,
} from '../../../packages/loader/src/memlock.ts'
import { contradictions } from '../../support/feature-versions.ts'

const usable = kernelUsable()
const title = usable.ok ? '' : ` (skipped: ${usable.reason})`

describe('versions of helpers', () => {
  it('grow with the numbers, from the first to the last', () => {
    const versions = HELPER_NAMES.map(helperSince)
    expect(versions).not.toContain(undefined)
    expect([helperSince('map_lookup_elem'), helperSince('ringbuf_output'), helperSince('loop')]).toEqual([
      '3.19',
      '5.8',
      '5.17',
    ])
  })
})

describe.skipIf(!usable.ok)(`feature probes${title}`, () => {
  it('agree with the tables', () => {
    expect(contradictions(probeFeatures(), release())).toEqual([])
  })

  it('would not agree with those of an older kernel', () => {
    const found = contradictions(probeFeatures(), '4.18.0')
    expect(found.some((line) => line.startsWith('helper ringbuf_output: yes'))).toBe(true)
    expect(found.some((line) => line.startsWith('map type ringbuf: yes'))).toBe(true)
    expect(found.some((line) => line.startsWith('attach kind netns: link'))).toBe(true)
  })

  it('are asked once a process, and again on request', () => {
    const first = probeFeatures()
    expect(probeFeatures()).toBe(first)
    expect(probeFeatures({ fresh: true })).not.toBe(first)
  })

  it('leave no descriptor behind', () => {
    const descriptors = () => readdirSync('/proc/self/fd').length
    probeFeatures({ fresh: true })
    const before = descriptors()
    probeFeatures({ fresh: true })
    expect(descriptors()).toBe(before)
  })
})

describe('locked memory', () => {
  it('counts before Linux 5.11', () => {
    expect(['4.19.0', '5.10.99', '5.11.0', '6.1.0-56-amd64'].map((kernel) => memlockCounts(kernel))).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  it.skipIf(!usable.ok)(`the limit is raised as far as it goes${title}`, () => {
    const before = memlockLimits()
    try {
      expect(setMemlockLimits({ soft: 65536n, hard: before.hard })).toBe(true)
      expect(memlockLimits()).toEqual({ soft: 65536n, hard: before.hard })
      const after = raiseMemlockLimit()
      expect(after.soft).toBe(after.hard)
      expect(readFileSync('/proc/self/limits', 'utf8')).toMatch(
        new RegExp(`Max locked memory\\s+${after.soft ?? 'unlimited'}\\s`),
      )
    } finally {
      setMemlockLimits(before)
    }
  })
})
