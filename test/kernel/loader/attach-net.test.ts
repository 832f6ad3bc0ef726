/** XDP and TC on a veth interface of a namespace of our own, with real packets. */
import { kernelUsable } from '@unplugin-bpf/loader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNetns, type Netns, netnsMissing } from './netns.ts'

const usable = kernelUsable()
const missing = usable.ok ? netnsMissing() : usable.reason
const title = missing === undefined ? 'attaching to interfaces' : `attaching to interfaces (skipped: ${missing})`

interface Report {
  readonly kind: string
  readonly attached: { readonly link: string | null; readonly generic: boolean; readonly qdisc: boolean }
  readonly counted: number
  readonly second: string | null
  readonly after: number
  readonly left: { readonly link: string | null; readonly qdisc: boolean }
}

describe.skipIf(missing !== undefined)(title, () => {
  let netns: Netns
  beforeAll(() => {
    netns = createNetns()
  })
  afterAll(() => netns?.[Symbol.dispose]())

  const attach = (type: string, options: object) =>
    netns.script('attach-script.ts', type, JSON.stringify(options)) as Report

  it.each([
    { options: {}, kind: 'xdp', generic: false },
    { options: { mode: 'native', via: 'link' }, kind: 'xdp', generic: false },
    { options: { mode: 'generic' }, kind: 'xdp', generic: true },
    { options: { mode: 'native', via: 'netlink' }, kind: 'xdp-netlink', generic: false },
    { options: { mode: 'generic', via: 'netlink' }, kind: 'xdp-netlink', generic: true },
  ])('XDP with $options', ({ options, kind, generic }) => {
    const report = attach('xdp', options)
    expect(report.kind).toBe(kind)
    expect(report.attached).toMatchObject({ generic })
    expect(report.attached.link).not.toBeNull()
    expect(report.counted).toBeGreaterThanOrEqual(3)
    expect(report.second).toMatch(/EBUSY\n {2}another XDP program is attached there/)
    expect(report.after).toBe(0)
    expect(report.left.link).toBeNull()
  })

  it.each([
    { options: {}, kind: 'tcx' },
    { options: { direction: 'egress', via: 'link' }, kind: 'tcx' },
    { options: { via: 'netlink' }, kind: 'tc-netlink' },
    { options: { direction: 'egress', via: 'netlink' }, kind: 'tc-netlink' },
  ])('TC with $options', ({ options, kind }) => {
    const report = attach('sched_cls', options)
    expect(report.kind).toBe(kind)
    expect(report.attached.qdisc).toBe(kind === 'tc-netlink')
    expect(report.counted).toBeGreaterThanOrEqual(3)
    // TCX takes a program only once, clsact as often as one likes
    if (kind === 'tcx') expect(report.second).toMatch(/EEXIST\n {2}this very program is attached there already/)
    else expect(report.second).toBeNull()
    expect(report.after).toBe(0)
    expect(report.left.qdisc).toBe(false)
  })

  it('says what is wrong with the mode', () => {
    expect(() => attach('xdp', { mode: 'offload' })).toThrow(/EOPNOTSUPP|EINVAL/)
  })
})
