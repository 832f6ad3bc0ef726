/**
 * The VM against the kernel's JIT: nanoseconds of a run as WebAssembly, interpreted, and by PROG_TEST_RUN, over the same
 * packets and maps in turns, the least of several batches; and how long translating takes.
 */
import Table from 'cli-table3'
import type { BpfObject } from '../../packages/core/src/object/object.ts'
import type { ObjectBackend } from '../../packages/core/src/runtime/backend.ts'
import type { HelperCall } from '../../packages/core/src/vm/helpers/hook.ts'
import type { VmOptions } from '../../packages/core/src/vm/options.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../packages/loader/src/index.ts'
import { SCENARIOS } from '../kernel/scenarios.ts'
import { asmObject } from '../support/asm-object.ts'
import { canUseKernel } from '../support/kernel-oracle.ts'
import { compileProgram } from '../support/programs.ts'

interface Workload {
  readonly name: string
  readonly object: BpfObject
  readonly program: string
  readonly packets: readonly Uint8Array[]
  /** Runs in a batch, per packet. */
  readonly repeat: number
  readonly prepare?: (object: ObjectBackend) => void
}

interface Figures {
  readonly name: string
  /** Nanoseconds of a run. */
  readonly kernel: number | undefined
  readonly wasm: number
  readonly interpreter: number
  /** Instructions of a run. */
  readonly insns: number
}

const LIMIT = 10_000_000
const BATCHES = 15
const ITERATIONS = 20_000

const loop = (body: string) => `
  r1 = 12345
  r2 = 7
  r0 = 0
  r6 = ${ITERATIONS}
again:
  ${body}
  r6 += -1
  if r6 != 0 goto again
  exit`

const ALU = loop('r0 += r1\n  r1 *= 48271\n  r1 ^= r0\n  r3 = r1\n  r3 >>= 13\n  r0 ^= r3')
const MODULO = loop('r1 += 7919\n  r3 = r1\n  r3 %= 1009\n  r0 += r3\n  r2 += 3\n  r4 = r1\n  r4 %= r2\n  r0 ^= r4')

const CHECKSUM = `
  r2 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)
  r0 = 0
  r5 = 700
again:
  r4 = r2
  r4 += 2
  if r4 > r3 goto fold
  r6 = *(u16 *)(r2 + 0)
  r0 += r6
  r2 = r4
  r5 += -1
  if r5 != 0 goto again
fold:
  r1 = r0
  r1 >>= 16
  r0 &= 65535
  r0 += r1
  exit`

function nodeport(): Workload {
  const scenario = SCENARIOS.find(({ name }) => name === 'nodeport-lb4')!
  const { object } = compileProgram(scenario.name)
  const prepare = (target: ObjectBackend) => {
    for (const [map, entries] of Object.entries(scenario.entries ?? {})) {
      for (const [key, value] of entries) target.maps.get(map)?.update(key, value, 0)
    }
  }
  let lookups = 0
  const onHelper = ({ name }: HelperCall): undefined => {
    if (name === 'map_lookup_elem') lookups++
  }
  const vm = createVm(object, { onHelper })
  prepare(vm)
  const program = vm.programs.get(scenario.program)!
  const lookupsOf = (data: Uint8Array): number => {
    lookups = 0
    program.run({ data })
    return lookups
  }
  // Those that pass all three lookups.
  const packets = scenario.packets.filter((data) => lookupsOf(data) === 3).slice(0, 8)
  return { name: scenario.name, object, program: scenario.program, packets, repeat: 4000, prepare }
}

function workloads(): Workload[] {
  const packet = Uint8Array.from({ length: 1400 }, (_, i) => i * 7)
  const one = (name: string, text: string, repeat: number): Workload => {
    return { name, object: asmObject({ p: text }), program: 'p', packets: [packet], repeat }
  }
  return [one('alu loop', ALU, 20), one('modulo loop', MODULO, 20), one('checksum loop', CHECKSUM, 500), nodeport()]
}

function measure(workload: Workload): Figures {
  const { name, object, program, packets, repeat, prepare } = workload
  const vm = (options: VmOptions) => createVm(object, { insnLimit: LIMIT, ...options })
  const kernel = canUseKernel().ok ? loadKernelObject(object) : undefined
  const wasm = vm({ engine: 'wasm' })
  const interpreter = vm({ engine: 'interpreter' })
  let steps = 0
  const stepping = vm({ onStep: () => void steps++ })
  const targets = [kernel, wasm, interpreter]
  try {
    for (const target of [...targets, stepping]) if (target) prepare?.(target)
    const best = targets.map(() => packets.map(() => Number.POSITIVE_INFINITY))
    for (let batch = 0; batch < BATCHES; batch++) {
      for (const [j, data] of packets.entries()) {
        for (const [i, target] of targets.entries()) {
          if (target === undefined) continue
          const times = target === interpreter ? Math.ceil(repeat / 20) : repeat
          const run = () => target.programs.get(program)!.run({ data, repeat: times })
          const ns = target === kernel ? run().durationNs : timeOf(run) / times
          best[i]![j] = Math.min(best[i]![j]!, ns)
        }
      }
    }
    for (const data of packets) stepping.programs.get(program)!.run({ data })
    const mean = (times: readonly number[]) => times.reduce((sum, ns) => sum + ns, 0) / times.length
    const [kernelNs, wasmNs, interpreterNs] = best.map(mean)
    const insns = steps / packets.length
    return { name, kernel: kernel && kernelNs, wasm: wasmNs!, interpreter: interpreterNs!, insns }
  } finally {
    kernel?.close()
  }
}

/** Nanoseconds. */
function timeOf(action: () => unknown): number {
  const start = performance.now()
  action()
  return (performance.now() - start) * 1e6
}

/** Packets a second through `run`, one call for each. */
function packetsPerSecond({ object, program, packets, prepare }: Workload): number {
  const vm = createVm(object)
  prepare?.(vm)
  const target = vm.programs.get(program)!
  // Short batches: the best of them was not interrupted.
  const COUNT = 500
  let best = Number.POSITIVE_INFINITY
  for (let batch = 0; batch < 400; batch++) {
    const ns = timeOf(() => {
      for (let i = 0; i < COUNT; i++) target.run({ data: packets[i % packets.length]! })
    })
    best = Math.min(best, ns / COUNT)
  }
  return 1e9 / best
}

/** A program of about `size` instructions with branches, memory accesses and map lookups. */
function largeProgram(size: number): BpfObject {
  const piece = (i: number) => `
    r3 = *(u64 *)(r10 - 8)
    r3 += ${i}
    if r3 > ${i * 3} goto skip${i}
    r3 *= 5
    *(u64 *)(r10 - 16) = r3
    r4 ^= r3
    skip${i}:
    r0 = r4
    r0 >>= 3
    *(u64 *)(r10 - 8) = r0`
  const pieces = Array.from({ length: Math.floor(size / 9) }, (_, i) => piece(i))
  return asmObject({ p: `*(u64 *)(r10 - 8) = 1\nr4 = 2\n${pieces.join('\n')}\nexit` })
}

/** Milliseconds from the decoded program to the first result. */
function translationMs(size: number): number {
  const object = largeProgram(size)
  const packet = new Uint8Array(64)
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 7; i++) {
    const vm = createVm(object, { engine: 'wasm' })
    best = Math.min(best, timeOf(() => vm.programs.get('p')!.run({ data: packet })) / 1e6)
  }
  return best
}

export function vmFigures() {
  const all = workloads()
  const rows = all.map(measure)
  const perSecond = packetsPerSecond(all.at(-1)!)
  const translation = [1000, 2000, 4000, 8000, 16_000].map((size) => ({ size, ms: translationMs(size) }))
  return { rows, perSecond, translation }
}

export function printVm({ rows, perSecond, translation }: ReturnType<typeof vmFigures>): void {
  const head = ['program', 'insns', 'kernel ns', 'wasm ns', 'ratio', 'interpreter ns', 'ns/insn']
  const table = new Table({ head, colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')) })
  for (const { name, kernel, wasm, interpreter, insns } of rows) {
    const ratio = kernel === undefined ? '-' : (wasm / kernel).toFixed(2)
    const figures = [kernel?.toFixed(0) ?? '-', wasm.toFixed(0), ratio, interpreter.toFixed(0)]
    table.push([name, insns.toFixed(0), ...figures, (interpreter / insns).toFixed(1)])
  }
  console.log(table.toString())
  console.log(`nodeport-lb4 through run(), a call per packet: ${(perSecond / 1e6).toFixed(2)} million packets a second`)
  const times = translation.map(({ size, ms }) => `${size}: ${ms.toFixed(1)} ms`)
  console.log(`translated and first run, by instructions: ${times.join(', ')}`)
}
