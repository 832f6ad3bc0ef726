/** `attachAll`: by section, with options for what the section does not say, all or nothing. */
import { spawnSync } from 'node:child_process'
import type { ProgramSpec } from '@unplugin-bpf/core/object'
import { type KernelObject, kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { describe, expect, it } from 'vitest'
import { counter } from '../loader/asm.ts'

const usable = kernelUsable()

const tracepoint = (name: string, target: string): Partial<ProgramSpec> => ({
  name,
  type: 'raw_tracepoint',
  section: `raw_tp/${target}`,
  attachType: undefined,
  attachTarget: target,
})

function load(...specs: readonly Partial<ProgramSpec>[]): KernelObject {
  const base = counter()
  return loadKernelObject({ ...base, programs: specs.map((spec) => ({ ...base.programs[0]!, ...spec })) })
}
const count = (object: KernelObject) =>
  Number(new DataView(object.maps.get('counts')!.lookup(new Uint8Array(4))!.slice().buffer).getBigUint64(0, true))

describe.skipIf(!usable.ok)(`attachAll${usable.ok ? '' : ` (skipped: ${usable.reason})`}`, () => {
  it('attaches what the sections say, tells what it skipped, and closes everything', () => {
    using object = load(tracepoint('execs', 'sched_process_exec'), { name: 'packets' })
    const attached = object.attachAll()
    expect([...attached.links.keys()]).toEqual(['execs'])
    expect(attached.skipped).toEqual(['packets'])
    spawnSync('true')
    expect(count(object)).toBeGreaterThan(0)
    attached.close()
    expect(attached.links.get('execs')!.attached).toBe(false)
  })

  it('takes options by program, and leaves out what is false', () => {
    using object = load(tracepoint('execs', 'no_such_tracepoint'), tracepoint('other', 'sched_process_exec'))
    using attached = object.attachAll({ execs: { target: ['neither', 'sched_process_exit'] }, other: false })
    expect([...attached.links.keys()]).toEqual(['execs'])
    expect(attached.links.get('execs')!.info()).toMatchObject({ type: 'raw_tracepoint', name: 'sched_process_exit' })
  })

  it('leaves nothing attached when one fails', () => {
    using object = load(tracepoint('execs', 'sched_process_exec'), tracepoint('wrong', 'sched_proces_exec'))
    expect(() => object.attachAll()).toThrow(/ENOENT\n.*no tracepoint sched_proces_exec/)
    const before = count(object)
    spawnSync('true')
    expect(count(object)).toBe(before)
  })

  it('refuses names that are no programs', () => {
    using object = load(tracepoint('execs', 'sched_process_exec'))
    expect(() => object.attachAll({ exces: {} })).toThrow('there is no program exces; did you mean execs?')
  })
})
