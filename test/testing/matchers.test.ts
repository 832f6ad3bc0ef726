/** Every matcher: when it holds, and what its message says when it does not. */
import { beforeAll, expect, it } from 'vitest'
import type { BpfModule } from '../../packages/core/src/runtime/types.ts'
import { type Simulation, simulate, tcp } from '../../packages/unplugin-bpf/src/testing/index.ts'
import '../../packages/unplugin-bpf/src/testing/vitest.ts'
import { type LoggerShape, programModule } from './programs.ts'

let vm: Simulation<LoggerShape>
let module: BpfModule<LoggerShape>
const SYN = tcp({ src: '10.0.0.9', dport: 443, flags: 'S' })

beforeAll(async () => {
  module = await programModule('playground/src/programs/event-logger.bpf.lisp')
  vm = simulate(module)
})

function messageOf(assertion: () => void): string {
  try {
    assertion()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('the assertion held')
}

it('toHaveVerdict, toPass, toDrop', () => {
  const run = vm.programs.eventLogger.run(SYN)
  expect(run).toHaveVerdict('XDP_PASS')
  expect(run).toHaveVerdict(2)
  expect(run).not.toHaveVerdict('XDP_DROP')
  expect(run).toPass()
  expect(run).not.toDrop()
  const message = messageOf(() => expect(run).toHaveVerdict('XDP_DROP'))
  expect(message).toContain('expected the verdict to be XDP_DROP, got XDP_PASS')
  expect(message).toContain('packet   10.0.0.9:40000 > 10.0.0.2:443 TCP S seq 1 win 65535, 0 bytes')
  expect(message).toMatch(/event-logger\.bpf\.lisp:\d+ +\(ringbuf-submit event 0\)/)
  expect(messageOf(() => expect(run).toDrop())).toContain('expected the packet to be dropped, got XDP_PASS')
  expect(messageOf(() => expect(run).not.toPass())).toContain('expected the packet not to pass, got XDP_PASS')
  expect(messageOf(() => expect(SYN).toPass())).toBe('toPass needs the result of run(), got Uint8Array')
})

it('toEmit', () => {
  const run = vm.programs.eventLogger.run(SYN)
  expect(run).toEmit('events')
  expect(run).toEmit('events', { dstPort: 443 })
  expect(run).toEmit('events', { proto: expect.any(Number) })
  expect(run).not.toEmit('events', { dstPort: 80 })
  const message = messageOf(() => expect(run).toEmit('events', { dstPort: 80 }))
  expect(message).toMatch(/^expected \{ dstPort: 80 \} to be sent to events; it was sent:\n {2}\{ srcAddr: \d+,/)
  const none = vm.programs.eventLogger.run(tcp({ flags: 'A' }))
  expect(messageOf(() => expect(none).toEmit('events'))).toBe(
    'expected a record to be sent to events; it was sent:\n  none',
  )
})

it('toMatchPacket and toHaveValidChecksums', () => {
  const run = vm.programs.eventLogger.run(SYN)
  expect(run).toMatchPacket(SYN)
  expect(SYN).toMatchPacket({ ip: { src: '10.0.0.9' }, tcp: { dport: 443, flags: 'S' } })
  expect(SYN).not.toMatchPacket({ udp: {} })
  expect(messageOf(() => expect(run).toMatchPacket({ ip: { ttl: 1 }, udp: { dport: 1 } }))).toBe(
    'the packet differs:\n  ip.ttl: expected 1, got 64\n  there is no udp header\n' +
      '  10.0.0.9:40000 > 10.0.0.2:443 TCP S seq 1 win 65535, 0 bytes',
  )
  expect(messageOf(() => expect(run).toMatchPacket(tcp()))).toContain('they differ from byte')
  expect(run).toHaveValidChecksums()
  const wrong = tcp({ checksum: 1 })
  expect(messageOf(() => expect(wrong).toHaveValidChecksums())).toContain('(wrong TCP checksum)')
})

it('toHaveReached', () => {
  const run = vm.programs.eventLogger.run(SYN)
  expect(run).toHaveReached('(ringbuf-submit event 0)')
  expect(run).not.toHaveReached('+stat-events-dropped+')
  expect(messageOf(() => expect(run).toHaveReached(1))).toMatch(/^expected line 1 to be reached\n/)
})

it('toHaveLineCoverage', () => {
  const fresh = simulate(module)
  expect(fresh).not.toHaveLineCoverage(1)
  fresh.programs.eventLogger.run(SYN)
  expect(fresh).toHaveLineCoverage(50)
  const message = messageOf(() => expect(fresh).toHaveLineCoverage(100))
  expect(message).toContain('expected at least 100 % of the lines to run')
  expect(message).toMatch(/event-logger\.bpf\.lisp +\d+\.\d%/)
})

it('runs and maps print well in snapshots', () => {
  const fresh = simulate(module)
  expect(fresh.programs.eventLogger.run(SYN)).toMatchInlineSnapshot(`
    retval   XDP_PASS
    packet   10.0.0.9:40000 > 10.0.0.2:443 TCP S seq 1 win 65535, 0 bytes
    event    events { srcAddr: 150994954, dstAddr: 33554442, dstPort: 443, proto: 6, pad: 0 }
  `)
  expect(fresh.snapshot()).toMatchInlineSnapshot(`
    rbStats:
      0 => 1n
      the other 1 are zero
  `)
})
