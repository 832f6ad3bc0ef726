/**
 * Runs programs of a VM as WebAssembly. A module is made when its program first runs; what cannot be translated (too
 * large for the host, for example) is interpreted, over the same memory.
 */
import { CONTEXTS, type ContextRow } from '../tables/contexts.ts'
import { PROGRAM_TYPES, type ProgramTypeName, type ProgramTypeRow } from '../tables/program-types.ts'
import type { LinearMemory } from '../vm/arena.ts'
import { CELL } from '../vm/cells.ts'
import type { Code, ConstantPool } from '../vm/code.ts'
import { VmError } from '../vm/errno.ts'
import { MAX_FRAMES, type Machine } from '../vm/machine.ts'
import type { VmMap } from '../vm/maps/map.ts'
import { AccessError } from '../vm/memory.ts'
import { callHelper, execute, faultAt, interpretCall, loadPacket, loadValue, resume } from '../vm/step.ts'
import { REASON } from './function.ts'
import { IMPORT_MODULE } from './module-builder.ts'
import type { ContextPlaces, Places } from './places.ts'
import { type HostName, STATUS } from './support.ts'
import { translate } from './translate.ts'

/** What we use of the host's `WebAssembly` object. */
interface WasmHost {
  readonly Memory: new (descriptor: { initial: number; maximum: number }) => LinearMemory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Record<string, () => void> }
}

function wasmHost(): WasmHost | undefined {
  return (globalThis as { WebAssembly?: WasmHost }).WebAssembly
}

export function hasWasm(): boolean {
  return wasmHost() !== undefined
}

/** A memory that programs can share with the VM; only where `hasWasm`. */
export function wasmMemory(): LinearMemory {
  return new (wasmHost()!.Memory)({ initial: 0, maximum: 65536 })
}

export interface EngineInit {
  readonly machine: Machine
  readonly constants: ConstantPool
  readonly maps: readonly VmMap[]
  /** False when a hook wants to see every helper call. */
  readonly inlineHelpers: boolean
  /** The first runs of a program are interpreted: translating costs more than they do. */
  readonly interpretedRuns: number
}

type Functions = Record<string, (() => void) | undefined>

export class WasmEngine {
  private readonly init: EngineInit
  private readonly functions = new Map<Code, Functions | undefined>()
  private readonly runs = new Map<Code, number>()
  /** What a host function caught; the fault exit of the function throws it. */
  private pending: unknown

  constructor(init: EngineInit) {
    this.init = init
  }

  /** Runs the machine's program, as `execute` does. */
  readonly execute = (m: Machine): void => {
    const functions = this.functions.get(m.code) ?? (this.isWarm(m.code) ? this.functionsOf(m.code) : undefined)
    if (functions === undefined) {
      execute(m)
      return
    }
    m.callFunction = this.callBack
    this.setBudget(m)
    functions.f0!()
  }

  private isWarm(code: Code): boolean {
    if (this.functions.has(code)) return true
    const runs = this.runs.get(code) ?? 0
    this.runs.set(code, runs + 1)
    return runs >= this.init.interpretedRuns
  }

  private functionsOf(code: Code): Functions | undefined {
    if (!this.functions.has(code)) this.functions.set(code, this.compile(code))
    return this.functions.get(code)
  }

  private compile(code: Code): Functions | undefined {
    const { machine, constants, maps, inlineHelpers } = this.init
    const places: Places = { machine, maps, inlineHelpers, context: contextPlaces(code.program.type) }
    const translation = translate(code, constants, places)
    if (translation === undefined) return undefined
    const host = wasmHost()!
    const imports = { [IMPORT_MODULE]: { memory: machine.memory.arena.memory, ...this.hostFunctions(code) } }
    try {
      return new host.Instance(new host.Module(translation.bytes), imports).exports
    } catch (error) {
      // A limit of the host: function size, nesting, or bytes that may be compiled at once.
      if (error instanceof RangeError) return undefined
      throw error
    }
  }

  private hostFunctions(code: Code): Record<HostName, (...numbers: number[]) => number | undefined> {
    const m = this.init.machine
    /** Runs `action` with the machine at the instruction; keeps its error for the fault exit. */
    const guard = (pc: number, action: () => number): number => {
      m.code = code
      m.pc = pc
      try {
        return action()
      } catch (error) {
        this.pending = error
        return STATUS.pending
      }
    }
    return {
      helper: (id, pc) =>
        guard(pc!, () => {
          callHelper(m, id!)
          if (m.code === code && m.next !== 0) return STATUS.done
          this.tailCall(code)
          return STATUS.leave
        }),
      packetLoad: (pc) => guard(pc!, () => (loadPacket(m, code, pc!) ? STATUS.done : STATUS.leave)),
      load: (lo, hi, size, signed) => {
        try {
          const { lo: low, hi: high } = loadValue(m, { lo: lo!, hi: hi! }, size!, signed === 1)
          m.memory.setCell(CELL.scratch, low, high)
          return 1
        } catch {
          // The fault exit finds out again, with all registers known.
          return 0
        }
      },
      store: (lo, hi, size) => {
        try {
          const offset = m.memory.locate(lo!, hi!, size!, 'write')
          const { region } = m.memory
          region.hook?.checkStore(offset, size!)
          return region.base + offset
        } catch {
          return 0
        }
      },
      leave: (pc, reason) => {
        m.code = code
        m.pc = pc!
        if (reason !== REASON.instruction) throw this.faultOf(reason!)
        this.interpret()
        m.code = code
        return undefined
      },
    }
  }

  private faultOf(reason: number): unknown {
    const m = this.init.machine
    const { pending } = this
    this.pending = undefined
    switch (reason) {
      case REASON.pending:
        // An inner frame has made a VmFault already.
        return pending instanceof AccessError || pending instanceof VmError ? faultAt(m, pending.message) : pending
      case REASON.budget:
        return faultAt(m, `still running after ${m.settings.insnLimit} instructions`)
      case REASON.frames:
        return faultAt(m, `more than ${MAX_FRAMES} call frames`)
      default:
        return new Error(`vm: reason ${reason} for leaving a translated function is not known`)
    }
  }

  /** The machine's code is the program to go on with, in the same frame; its r0 is the function's. */
  private tailCall(from: Code): void {
    const m = this.init.machine
    const functions = this.functionsOf(m.code)
    m.pc = 0
    if (functions === undefined) this.interpret()
    else functions.f0!()
    m.code = from
  }

  /** The interpreter does the rest of the function at work, with the same budget. */
  private interpret(): void {
    const m = this.init.machine
    m.insnsLeft = (m.memory.getWord(CELL.left) >>> 0) + m.memory.getWord(CELL.left + 4) * 0x1_0000_0000
    resume(m)
    this.setBudget(m)
  }

  private setBudget({ memory, insnsLeft }: Machine): void {
    memory.setCell(CELL.left, insnsLeft | 0, Math.floor(insnsLeft / 0x1_0000_0000))
  }

  private readonly callBack = (index: number, setArguments: () => void): void => {
    const m = this.init.machine
    const { code } = m
    const functions = this.functionsOf(code)
    if (functions === undefined) {
      interpretCall(m, index, setArguments)
      return
    }
    const target = functions[`f${index}`]
    if (target === undefined) throw new AccessError('the callback is no function')
    const depth = m.memory.getWord(CELL.depth) + 1
    if (depth >= MAX_FRAMES) throw new AccessError(`more than ${MAX_FRAMES} call frames`)
    m.memory.setWord(CELL.depth, depth)
    m.stacks[depth]!.bytes.fill(m.settings.stackFill)
    setArguments()
    target()
    m.memory.setWord(CELL.depth, depth - 1)
    m.code = code
  }
}

/** Only of contexts whose packet pointers the packet itself publishes. */
function contextPlaces(type: string): ContextPlaces | undefined {
  const row: ProgramTypeRow | undefined = Object.hasOwn(PROGRAM_TYPES, type)
    ? PROGRAM_TYPES[type as ProgramTypeName]
    : undefined
  if (row?.context !== 'xdp_md' && row?.context !== '__sk_buff') return undefined
  const { size, fields }: ContextRow = CONTEXTS[row.context]
  const cells = { packet: CELL.packetData, packetEnd: CELL.packetEnd, packetMeta: CELL.packetMeta }
  const pointers = fields.filter((field) => field.pointer !== undefined)
  const pointerCells = new Map<number, number>()
  for (const { offset, pointer } of pointers) {
    const cell = pointer === undefined ? undefined : (cells as Partial<Record<string, number>>)[pointer]
    if (cell !== undefined) pointerCells.set(offset, cell)
  }
  return {
    size,
    pointerCells,
    overlapsPointer: (offset, bytes) =>
      pointers.some((field) => field.offset < offset + bytes && offset < field.offset + field.type.bits / 8),
  }
}
