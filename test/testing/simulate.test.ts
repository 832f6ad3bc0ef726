/** `simulate`: runs, events, traces, maps, time and processes, from both languages and from an ELF object. */
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { BpfModule } from '../../packages/core/src/runtime/types.ts'
import { compileFile } from '../../packages/unplugin-bpf/src/compile-file.ts'
import { formatTrace, kernelUsable, simulate, tcp, udp } from '../../packages/unplugin-bpf/src/testing/index.ts'
import type dropPortTs from '../bench/programs/drop-port.bpf.ts'
import { type DropShape, type LoggerShape, programModule, type SynShape } from './programs.ts'

const DROP_PORT = 'test/bench/programs/drop-port.bpf.lisp'

let dropPort: BpfModule<DropShape>
let logger: BpfModule<LoggerShape>
let synflood: BpfModule<SynShape>

beforeAll(async () => {
  dropPort = await programModule(DROP_PORT)
  logger = await programModule('playground/src/programs/event-logger.bpf.lisp')
  synflood = await programModule('test/bench/programs/synflood.bpf.lisp')
})

/** 10.0.0.1 as the program reads it from the packet. */
const SOURCE = 0x0100000a

const BACKENDS = kernelUsable().ok ? (['vm', 'kernel'] as const) : (['vm'] as const)

describe.each(BACKENDS)('on the %s', (backend) => {
  it('gives verdict, packet and map content', () => {
    using vm = simulate(dropPort, { backend })
    const bad = tcp({ dport: 9999, flags: 'S' })
    const result = vm.programs.dropPort.run(bad)
    expect(result.retval).toBe('XDP_DROP')
    expect(result.code).toBe(1)
    expect(result.packet).toEqual(bad)
    expect(result.layers.tcp?.dport).toBe(9999)
    expect(vm.programs.dropPort.run(tcp({ dport: 80, flags: 'S' })).retval).toBe('XDP_PASS')
    expect(vm.maps.dropCount.get(0)).toBe(1n)
    expect(vm.snapshot()).toEqual({ dropCount: [1n] })
  })

  it('decodes events', () => {
    using vm = simulate(logger, { backend })
    const { events } = vm.programs.eventLogger.run(tcp({ src: '10.1.2.3', dport: 443, flags: 'S' }))
    expect(events).toMatchObject([{ map: 'events', value: { dstPort: 443, proto: 6 } }])
    expect(vm.programs.eventLogger.run(udp()).events).toEqual([])
  })

  it('starts from seeded maps', () => {
    using vm = simulate(synflood, { backend, maps: { synCounter: [[SOURCE, 101n]], synStats: [5n] } })
    expect(vm.programs.synflood.run(tcp({ flags: 'S' })).retval).toBe('XDP_DROP')
    expect(vm.snapshot()).toEqual({
      synCounter: new Map([[SOURCE, 101n]]),
      synStats: [6n, 1n, 0n],
    })
  })

  it('takes an ELF object', () => {
    const path = join(import.meta.dirname, '..', '..', DROP_PORT)
    for (const source of [compileFile(path).elf, compileFile(path).object]) {
      using vm = simulate(source, { backend })
      expect(vm.programs.dropPort!.run(tcp({ dport: 9999 })).retval).toBe('XDP_DROP')
    }
  })
})

it('takes a .bpf.ts module', async () => {
  const module = await programModule<typeof dropPortTs>('test/bench/programs/drop-port.bpf.ts')
  using vm = simulate(module)
  expect(vm.programs.dropPort.run(tcp({ dport: 9999, flags: 'S' })).retval).toBe('XDP_DROP')
  expect(vm.maps.dropCount.get(0)).toBe(1n)
})

it('traces source lines', () => {
  using vm = simulate(dropPort)
  const { trace } = vm.programs.dropPort.run(tcp({ dport: 9999, flags: 'S' }))
  expect(trace[0]).toMatchObject({ program: 'drop_port', depth: 0 })
  expect(formatTrace(trace)).toContain('(incf (getmap drop-count 0))')
  const passed = vm.programs.dropPort.run(tcp({ dport: 1, flags: 'S' })).trace
  expect(formatTrace(passed)).not.toContain('(incf (getmap drop-count 0))')
})
