/** What executes programs: WebAssembly where the host has it, or the interpreter, which is the reference. */
import { type EngineInit, hasWasm, WasmEngine, wasmMemory } from '../wasm/engine.ts'
import { VmError } from './errno.ts'
import type { Machine } from './machine.ts'
import { Memory } from './memory.ts'
import type { VmEngine, VmOptions } from './options.ts'
import { execute } from './step.ts'

/** Runs the program that the machine was started with. */
export type Executor = (machine: Machine) => void

export function engineOf({ engine, onStep }: VmOptions): VmEngine {
  const usable = hasWasm() && onStep === undefined
  if (engine !== 'wasm' || usable) return engine ?? (usable ? 'wasm' : 'interpreter')
  throw new VmError(
    hasWasm()
      ? 'onStep sees single instructions: it needs engine: interpreter, not wasm'
      : 'this host has no WebAssembly: use engine: interpreter',
  )
}

export function createMemory(engine: VmEngine): Memory {
  return engine === 'wasm' ? new Memory(wasmMemory()) : new Memory()
}

/** Programs of a VM whose engine nobody chose are translated when they have run so often. */
const INTERPRETED_RUNS = 4

export function createExecutor(options: VmOptions, init: Omit<EngineInit, 'interpretedRuns'>): Executor {
  if (engineOf(options) === 'interpreter') return execute
  const interpretedRuns = options.engine === undefined ? INTERPRETED_RUNS : 0
  return new WasmEngine({ ...init, interpretedRuns }).execute
}
