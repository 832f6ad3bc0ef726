/** The example of the guide in the kernel: XDP on a veth pair of our own, a tracepoint, and the same programs in the VM. */
import { fileURLToPath } from 'node:url'
import { buildPacket } from '@unplugin-bpf/core/packets'
import { kernelUsable } from '@unplugin-bpf/loader'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNetns, type Netns, netnsMissing, nodeCommand, run } from '../../kernel/loader/netns.ts'
import { emitProgram, importProgram } from '../import-program.ts'
import type * as Filter from '../types/filter.bpf.ts'

const usable = kernelUsable()
const missing = usable.ok ? netnsMissing() : usable.reason
const note = missing === undefined ? '' : ` (skipped: ${missing})`

const source = fileURLToPath(new URL('../types/filter.bpf.ts', import.meta.url))
const packet = (port: number, length = 64) =>
  buildPacket({
    ipv4: { source: '10.0.0.1', destination: '10.0.0.2' },
    tcp: { from: 1234, to: port, flags: ['syn'] },
    length,
  })

describe.each(['vm', 'kernel'] as const)('test runs in the %s', (backend) => {
  it.skipIf(backend === 'kernel' && !usable.ok)(`each program has its own ports${note}`, async () => {
    const { default: filter } = await importProgram<typeof Filter>(source)
    const obj = filter.load({ backend })
    try {
      const verdicts = (program: 'dropBlocked' | 'drop80' | 'drop443') =>
        [22, 80, 443].map((port) => obj.programs[program].run(packet(port)).retval)
      expect(verdicts('dropBlocked')).toEqual([1, 2, 2])
      expect(verdicts('drop80')).toEqual([2, 1, 2])
      expect(verdicts('drop443')).toEqual([2, 2, 1])
      expect(obj.programs.drop443.run(packet(443, 40)).retval).toBe(2)
      expect(obj.maps.flows.get(0x0a000001)).toEqual({ packets: 9n, bytes: 9n * 64n })
      expect([22, 80, 443].map((port) => obj.maps.counts.get(port))).toEqual([1n, 1n, 1n])
    } finally {
      obj.close()
    }
  })
})

describe.skipIf(missing !== undefined)(`on a veth pair and the exec tracepoint${note}`, () => {
  let netns: Netns
  beforeAll(() => {
    netns = createNetns()
  })
  afterAll(() => netns?.[Symbol.dispose]())

  it('drops connections to blocked ports only, and reports programs that ordinary users start', async () => {
    const script = fileURLToPath(new URL('filter-script.ts', import.meta.url))
    const output = run(
      'ip',
      'netns',
      'exec',
      netns.here,
      ...nodeCommand(script),
      netns.there,
      await emitProgram(source),
    )
    const report = JSON.parse(output.trim().split('\n').at(-1)!)
    expect(report.during).toEqual(['open', 'silent'])
    expect(report.after).toBe('open')
    expect(report.blocked).toBeGreaterThanOrEqual(1)
    expect(report.flow.packets).toBeGreaterThan(report.blocked)
    expect(report.flow.bytes).toBeGreaterThanOrEqual(report.flow.packets * 54)
    // The one that root started has a uid below `minUid`.
    expect(report.events).toEqual([{ comm: 'true', raw: [0, 1, 2, 3], ts: true }])
  })
})
