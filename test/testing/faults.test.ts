/** Fault injection, virtual surroundings and fields of contexts. */
import { beforeAll, describe, expect, it } from 'vitest'
import { compileLisp } from '../../packages/core/src/compile.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import type { BpfModule } from '../../packages/core/src/runtime/types.ts'
import { htons, simulate, tcp } from '../../packages/unplugin-bpf/src/testing/index.ts'
import { type LoggerShape, programModule, type SynShape } from './programs.ts'

let logger: BpfModule<LoggerShape>
let synflood: BpfModule<SynShape>
const SYN = tcp({ flags: 'S' })

beforeAll(async () => {
  logger = await programModule('playground/src/programs/event-logger.bpf.lisp')
  synflood = await programModule('test/bench/programs/synflood.bpf.lisp')
})

const compile = (text: string) => compileLisp(sourceFile('t.bpf.lisp', text), {}, { exactLines: true }).object

describe('faults', () => {
  it('a full ring buffer', () => {
    const vm = simulate(logger)
    const fault = vm.faults.ringFull('events')
    expect(vm.programs.eventLogger.run(SYN).events).toEqual([])
    expect([...vm.maps.rbStats.values()]).toEqual([0n, 1n])
    expect(fault.hits).toBe(1)
    fault.remove()
    expect(vm.programs.eventLogger.run(SYN).events).toHaveLength(1)
  })

  it('a full map refuses new keys only', () => {
    const vm = simulate(synflood, { maps: { synCounter: new Map([[0x0100000a, 3n]]) } })
    const fault = vm.faults.mapFull('synCounter')
    vm.programs.synflood.run(SYN)
    expect(vm.maps.synCounter.get(0x0100000a)).toBe(4n)
    vm.programs.synflood.run(tcp({ src: '10.0.0.9', flags: 'S' }))
    expect(vm.maps.synCounter.size).toBe(1)
    expect(fault.hits).toBe(1)
  })

  it('the n-th call of a helper, and only that', () => {
    const vm = simulate(logger)
    const fault = vm.faults.helper('ringbufReserve', { call: 2 })
    const sent = [1, 2, 3].map(() => vm.programs.eventLogger.run(SYN).events.length)
    expect(sent).toEqual([1, 0, 1])
    expect(fault.hits).toBe(1)
    vm.faults.helper('map_lookup_elem', { map: 'rbStats' })
    vm.programs.eventLogger.run(SYN)
    expect([...vm.maps.rbStats.values()]).toEqual([2n, 1n])
    vm.faults.clear()
    vm.programs.eventLogger.run(SYN)
    expect(vm.maps.rbStats.get(0)).toBe(3n)
  })

  it('the error is what the program sees', () => {
    const vm = simulate(
      compile('(defprog p (:type :xdp) (when (/= (xdp-adjust-head (ctx-ptr) 0) 0) (return 7)) XDP_PASS)'),
    )
    expect(vm.programs.p!.run(SYN).retval).toBe('XDP_PASS')
    vm.faults.helper('xdp_adjust_head', { error: 'ENOMEM' })
    expect(vm.programs.p!.run(SYN).retval).toBe(7)
  })

  it('faults that cannot happen are refused', () => {
    const vm = simulate(logger)
    expect(() => vm.faults.helper('map_lokup_elem')).toThrow('no helper map_lokup_elem; did you mean map_lookup_elem?')
    expect(() => vm.faults.helper('ktime_get_ns')).toThrow('no program calls ktime_get_ns')
    expect(() => vm.faults.mapFull('rbStats')).toThrow('maps of type array are never full')
    expect(() => vm.faults.ringFull('rbStats')).toThrow('rbStats is no ring buffer')
    expect(() => vm.faults.helper('map_lookup_elem', { call: 0 })).toThrow('expected a whole number from 1 on')
    expect(() => vm.faults.ringFull('evnts' as 'events')).toThrow('did you mean events?')
  })
})

describe('surroundings', () => {
  it('virtual time moves only when told', () => {
    const vm = simulate(
      compile(
        '(defmap m :type :array :key-type u32 :value-type u64 :max-entries 1) (defprog p (:type :xdp) (setf (getmap m 0) (ktime-get-ns)) XDP_PASS)',
      ),
    )
    const read = () => {
      vm.programs.p!.run(SYN)
      return new DataView((vm.maps.m!.get(0) as Uint8Array).buffer).getBigUint64(0, true)
    }
    const before = read()
    expect(read()).toBe(before)
    vm.advance(5)
    expect(read()).toBe(before + 5_000_000n)
    vm.advance(1n)
    expect(vm.now).toBe(before + 5_000_001n)
    expect(() => vm.advance(-1)).toThrow('time goes forward only')
  })

  it('a process and a CPU per run', () => {
    const vm = simulate(
      compile(
        '(defprog p (:type :tracepoint :section "tracepoint/sched/sched_switch") (+ (* 1000 (get-smp-processor-id)) (>> (get-current-pid-tgid) 32)))',
      ),
      { cpus: 4, task: { tgid: 5 } },
    )
    expect(vm.programs.p!.run({}).code).toBe(5)
    expect(vm.programs.p!.run({}, { task: { tgid: 7 }, cpu: 3 }).code).toBe(3007)
    expect(vm.programs.p!.run({}).code).toBe(5)
    expect(() => vm.programs.p!.run({}, { cpu: 4 })).toThrow('cpu 4, but there are only 4')
  })

  it('contexts by field', () => {
    const vm = simulate(
      compile(
        '(defprog t (:type :tracepoint :section "tracepoint/sched/sched_switch") (ctx u32 56)) ' +
          '(defprog c (:type :cgroup-sock-addr :section "cgroup/connect4") (= (ctx user-port) (htons 80)))',
      ),
    )
    expect(vm.programs.t!.run({ next_pid: 77, prevComm: 'sh' }).code).toBe(77)
    expect(vm.programs.c!.run({ userPort: htons(80), user_ip4: '127.0.0.1' }).code).toBe(1)
    expect(() => vm.programs.t!.run({ next_pd: 1 })).toThrow(
      'sched_switch has no field next_pd; did you mean next_pid?',
    )
    expect(() => vm.programs.t!.run({ next_pid: 2n ** 33n })).toThrow(
      'sched_switch.next_pid: 8589934592 does not fit 32 bits',
    )
    expect(() => vm.programs.c!.run({ user_ip4: 'here' })).toThrow('expected an IPv4 address')
  })

  it('wrong input says what is wrong', () => {
    const vm = simulate(logger)
    expect(() => vm.programs.eventLogger.run('x' as never)).toThrow('run() needs the bytes of a packet, got string')
    expect(() => vm.seed({ evnts: [] } as never)).toThrow('did you mean events?')
    expect(() => vm.seed({ rbStats: 5 } as never)).toThrow('expected entries as a Map, an array or an object, got 5')
    expect(() => simulate(logger, { backend: 'wm' as 'vm' })).toThrow('unknown backend "wm"')
    expect(() => simulate(Uint8Array.of(1, 2, 3))).toThrow('ELF')
  })
})
