/**
 * Tests on Debian's 6.1 and 6.12 kernels, in throw-away QEMU guests (boot.ts, rig/). They need minutes rather than
 * seconds, so they are not part of `npm test`:
 *
 *   npm run test:vm
 */
import { describe, expect, it, type TestContext } from 'vitest'
import { CASES } from '../kernel/attach/cases.ts'
import { outcomeOf } from '../kernel/attach/expected.ts'
import { recordOutcomes } from '../kernel/attach/record.ts'
import type { CasesReport } from '../kernel/attach/run-cases.ts'
import { contradictions } from '../support/feature-versions.ts'
import { type Boot, boot, type ScriptName } from './boot.ts'
import type { FeaturesReport } from './guest/features.ts'

const LIMIT_MS = 600_000
const guests: Readonly<Record<string, Promise<Boot>>> = { '6.1.': boot('6.1.'), '6.12.': boot('6.12.') }

/** What a script printed in the guest; skips the test when there is no guest. */
async function printed<T>(version: string, script: ScriptName, context: TestContext): Promise<T> {
  const guest = await guests[version]!
  if ('skipped' in guest) return context.skip(guest.skipped)
  const output = guest.outputs.get(script)
  if (output === undefined) throw new Error(`${script} printed nothing:\n${guest.transcript}`)
  return output as T
}

describe.each(Object.keys(guests))('guest with kernel %s', (version) => {
  it.for(CASES)('attaches: $name', { timeout: LIMIT_MS }, async (test, context) => {
    const { cases, kernel } = await printed<CasesReport>(version, 'cases', context)
    const outcome = outcomeOf(test, cases.find(({ name }) => name === test.name)!, kernel)
    recordOutcomes(kernel, { [test.name]: outcome })
    if (outcome.kind === 'absent') context.skip(outcome.reason)
    expect(['counted', 'tooOld'], JSON.stringify(outcome)).toContain(outcome.kind)
  })

  it('feature probes agree with the versions in the tables', { timeout: LIMIT_MS }, async (context) => {
    const { kernel, features } = await printed<FeaturesReport>(version, 'features', context)
    expect(contradictions(features, kernel)).toEqual([])
  })

  it('CO-RE reads the right fields, through our loader and through libbpf', { timeout: LIMIT_MS }, async (context) => {
    const { kernel: release, self, ours, libbpf } = await printed<Report>(version, 'kernel-data', context)
    expect(release).toMatch(new RegExp(`^${version.replace('.', '\\.')}`))
    expect(ours).toMatchObject({ tgid: self.pid, parent: self.parent, comm: self.comm })
    // bpftool, which libbpf runs in, was started by the script.
    expect(libbpf).toMatchObject({ tgid: libbpf.pid, parent: self.pid, comm: 'bpftool' })
    expect(ours.answers).toEqual(libbpf.answers)
    const [cid, pid, size, offset, arena, ran] = ours.answers
    // mm_cid came with 6.3, the arena with 6.9.
    expect([cid, pid, arena, ran]).toEqual(version === '6.1.' ? [0, 1, 0, 1] : [1, 1, 1, 1])
    expect(size).toBeGreaterThan(1000)
    console.log(`${release}: sizeof(task_struct) ${size}, pid at ${offset}`)
  })

  it("the cookbook's exec tracer", { timeout: LIMIT_MS }, async (context) => {
    const { self, child, execs } = await printed<Traced>(version, 'exec-tracer', context)
    const own = execs.filter(({ pid }) => pid === child)
    expect(own).toEqual([{ pid: child, tgid: child, parent: self, comm: 'node' }])
  })

  it('kprobe, fentry, fexit and LSM programs see their arguments', { timeout: LIMIT_MS }, async (context) => {
    const seen = await printed<Seen>(version, 'probes', context)
    expect(seen.execs).toContain(seen.pid)
    expect(seen.comms[seen.execs.indexOf(seen.pid)]).toBe('node')
    expect(seen).toMatchObject({ name: '/tmp/abc', dfd: -100, result: 0 })
    expect(seen.opens).toBeGreaterThan(0)
  })

  it('typed arguments of .bpf.ts programs: kprobe, fentry, fexit, tp_btf, LSM', {
    timeout: LIMIT_MS,
  }, async (context) => {
    const seen = await printed<Typed>(version, 'typed', context)
    expect(seen).toMatchObject({ dfd: -100, result: 0, name: '/tmp/abcdefg', exec: seen.child, parent: seen.self })
    expect(seen).toMatchObject({ comm: 'true', unlinks: 1, probed: 1 })
    expect(seen.opens).toBeGreaterThan(0)
    expect(seen.modes & 1).toBe(1) // FMODE_READ
  })
})

interface Typed {
  readonly self: number
  readonly child: number
  readonly opens: number
  readonly modes: number
}
interface Read {
  readonly tgid: number
  readonly parent: number
  readonly comm: string
  readonly answers: readonly number[]
}
interface Report {
  readonly kernel: string
  readonly self: { readonly pid: number; readonly parent: number; readonly comm: string }
  readonly ours: Read
  readonly libbpf: Read & { readonly pid: number }
}
interface Traced {
  readonly self: number
  readonly child: number
  readonly execs: readonly {
    readonly pid: number
    readonly tgid: number
    readonly parent: number
    readonly comm: string
  }[]
}
interface Seen {
  readonly pid: number
  readonly execs: readonly number[]
  readonly comms: readonly string[]
  readonly name: string
  readonly dfd: number
  readonly result: number
  readonly opens: number
}
