/** What concerns the whole process: lost objects, profilers, workers. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kernelUsable } from '@unplugin-bpf/loader'
import { describe, expect, it } from 'vitest'
import { nodeCommand } from './netns.ts'

const usable = kernelUsable()
const title = usable.ok ? 'the process' : `the process (skipped: ${usable.reason})`

function script(name: string, ...flags: string[]) {
  const [node, ...args] = nodeCommand(fileURLToPath(new URL(name, import.meta.url)))
  return spawnSync(node!, [...flags, ...args], { encoding: 'utf8' })
}

describe.skipIf(!usable.ok)(title, () => {
  it('is warned of an object that was lost, not of one that was closed', () => {
    const result = script('leak-script.ts', '--expose-gc', '--no-warnings')
    expect(result.stderr).toBe('')
    expect(result.stdout).toMatch(
      /^UNPLUGIN_BPF_LEAK: the BPF object with lost was garbage-collected without close\(\)/,
    )
    expect(result.stdout).not.toContain('closed was')
  })

  it('loads and runs programs while a profiler sends signals', () => {
    const directory = mkdtempSync(join(tmpdir(), 'ubpf-prof-'))
    try {
      const flags = ['--cpu-prof', '--cpu-prof-interval', '100', '--cpu-prof-dir', directory]
      const result = script('profiled-script.ts', ...flags)
      expect(result.stderr).toBe('')
      expect(JSON.parse(result.stdout.trim().split('\n').at(-1)!)).toEqual({ rounds: 40, retval: 2 })
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('finds a pinned map again, and refuses one of another shape', () => {
    const [node, ...args] = nodeCommand(fileURLToPath(new URL('pin-script.ts', import.meta.url)))
    const result = spawnSync('unshare', ['--mount', node!, ...args], { encoding: 'utf8' })
    expect(result.stderr).toBe('')
    const report = JSON.parse(result.stdout.trim().split('\n').at(-1)!)
    expect(report.files).toEqual(['kept'])
    expect(report.found).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(report.mismatch).toMatch(/bytes of a value: the pinned map has 8, the program wants 16\n/)
    expect(report.nowhere).toMatch(
      /cannot pin map "kept" at \/mnt\/missing\/kept: ENOENT\n {2}the folder does not exist/,
    )
    expect(report.otherFs).toMatch(/is not in a BPF file system/)
  })

  it('exits while a worker listens to a ring buffer', () => {
    const result = script('worker-script.ts')
    expect(result.stderr).toBe('')
    expect(result.stdout.trim()).toBe('worker read 3 records and was ended: 1')
  })
})
