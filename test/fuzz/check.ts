/**
 * Compiles one program in several ways, runs every result on the same packets, and compares all that can be seen: with
 * passes off and on, with some passes left out, for other CPU levels; in the VM and in the kernel.
 */
import { type CompileResult, compileLisp } from '../../packages/core/src/compile.ts'
import { CompileError } from '../../packages/core/src/diag/compile-error.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import { PIPELINE } from '../../packages/core/src/opt/pipeline.ts'
import type { CompileOptions } from '../../packages/core/src/options.ts'
import type { ObjectBackend } from '../../packages/core/src/runtime/backend.ts'
import type { VmEngine } from '../../packages/core/src/vm/options.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../packages/loader/src/index.ts'
import { type Observation, observe } from '../kernel/differential.ts'
import { skbPackets, testPackets } from '../support/packets.ts'
import { type Random, randomFrom } from '../support/random.ts'
import type { FuzzProgram } from './programs.ts'

export interface Subject {
  readonly seed: number
  readonly text: string
  readonly type: FuzzProgram['type']
  readonly leastCpu: FuzzProgram['leastCpu']
}

export type Machine = 'vm' | 'kernel'

export interface Variant {
  readonly machine: Machine
  readonly options: Partial<CompileOptions>
}

export type Failure =
  | { readonly kind: 'crash' | 'rejected'; readonly variant: Variant; readonly detail: string }
  | { readonly kind: 'mismatch'; readonly variant: Variant; readonly seen: Observation; readonly expected: Observation }

export type Outcome =
  /** The compiler says no, with a diagnostic. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'agrees'; readonly runs: number }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** The first one is the reference of the others. */
export function variantsOf({ seed, leastCpu }: Subject, machines: readonly Machine[]): Variant[] {
  const random = randomFrom(seed ^ 0x5eed)
  const cpu = leastCpu === 'v4' ? 'v4' : 'v3'
  const other: Partial<CompileOptions> = { cpu: leastCpu === 'v1' ? random.pick(['v1', 'v2', 'v4']) : 'v4' }
  const third: Partial<CompileOptions> = random.oneIn(2)
    ? { cpu, skip: somePasses(random), directElements: random.oneIn(2) }
    : { ...other, ...(random.oneIn(3) && { skip: ['all'] }) }
  const all: Partial<CompileOptions>[] = [{ cpu, skip: ['all'] }, { cpu }, third]
  return machines.flatMap((machine) => all.map((options) => ({ machine, options })))
}

const PASSES = [...new Set(PIPELINE.flatMap((step) => step.passes).flatMap((p) => (p.required ? [] : [p.name])))]

function somePasses(random: Random): string[] {
  if (random.oneIn(2)) return [random.pick(PASSES)]
  return PASSES.filter(() => random.oneIn(3))
}

const pools = new Map<string, readonly Uint8Array[]>()

export function packetsFor({ seed, type }: Subject, count: number): Uint8Array[] {
  let pool = pools.get(type)
  if (!pool) {
    pool = type === 'xdp' ? testPackets(1, 400) : skbPackets(1, 400)
    pools.set(type, pool)
  }
  const random = randomFrom(seed + 7)
  return Array.from({ length: count }, () => random.pick(pool))
}

export function check(
  subject: Subject,
  packets: readonly Uint8Array[],
  variants = variantsOf(subject, ['vm']),
): Outcome {
  let expected: Observation | undefined
  let runs = 0
  const results = new Map<string, CompileResult>()
  for (const variant of variants) {
    let result: CompileResult
    try {
      const key = JSON.stringify(variant.options)
      result = results.get(key) ?? compileLisp(sourceFile('fuzz.bpf.lisp', subject.text), {}, variant.options)
      results.set(key, result)
    } catch (error) {
      if (error instanceof CompileError) {
        const { code, message } = error.diagnostics[0]!
        return { kind: 'refused', code, message }
      }
      return { kind: 'failed', failure: { kind: 'crash', variant, detail: String(error) } }
    }
    for (const engine of ENGINES[variant.machine]) {
      let seen: Observation
      try {
        seen = execute(result, engine, packets)
      } catch (error) {
        return { kind: 'failed', failure: { kind: 'rejected', variant, detail: `${engine}: ${error}` } }
      }
      expected ??= seen
      if (JSON.stringify(seen) !== JSON.stringify(expected)) {
        return { kind: 'failed', failure: { kind: 'mismatch', variant, seen, expected } }
      }
      runs += packets.length
    }
  }
  return { kind: 'agrees', runs }
}

type Engine = VmEngine | 'kernel'

/** What a result is run on, for each machine. */
const ENGINES: Readonly<Record<Machine, readonly Engine[]>> = { vm: ['interpreter', 'wasm'], kernel: ['kernel'] }

function execute({ object }: CompileResult, engine: Engine, packets: readonly Uint8Array[]): Observation {
  const backend: ObjectBackend = engine === 'kernel' ? loadKernelObject(object) : createVm(object, { engine })
  try {
    backend.maps.get('programs')?.setProgram?.(1, backend.programs.get('next')!)
    return observe(backend, { program: 'main', packets })
  } finally {
    backend.close()
  }
}
