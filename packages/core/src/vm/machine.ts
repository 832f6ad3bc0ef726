/**
 * The state of a running program: registers (constants behind them, see code.ts), memory, call frames, and what helpers
 * need. `step.ts` executes on it; helpers read their arguments and set r0 through its methods.
 */
import type { Redirect } from '../runtime/backend.ts'
import { getBig, type Registers, setBig } from './alu.ts'
import { CELL } from './cells.ts'
import { CODE_TAG, type Code } from './code.ts'
import type { Timer } from './helpers/timer.ts'
import type { VmMap, VmRecord } from './maps/map.ts'
import { AccessError, type Memory, type Pair, type Region } from './memory.ts'
import type { VmSettings } from './options.ts'
import type { Packet } from './packet.ts'
import { Random } from './random.ts'

/** r0..r10; constants follow. */
const REGISTERS = 11
/** What registers hold that nobody may read; the register's number is added. */
export const POISON = { lo: 0x0bad_0000, hi: 0x7fff_dead } as const
/** Bytes of a stack frame; MAX_BPF_STACK in include/linux/filter.h. */
export const STACK_SIZE = 512
/** MAX_CALL_FRAMES, include/linux/bpf_verifier.h (6.18). */
export const MAX_FRAMES = 8
/** MAX_TAIL_CALL_CNT, include/linux/bpf.h (6.18). */
export const MAX_TAIL_CALLS = 33

interface Frame {
  readonly code: Code
  readonly pc: number
  /** r6..r9 of the caller, low and high. */
  readonly saved: Int32Array
  /** A helper called: its end is the end of the inner loop. */
  readonly fromHelper: boolean
}

/** A helper's result once the arguments were read from r1..r5. */
export type VmHelper = (m: Machine) => void

/** What belongs to one run only. */
export interface RunState {
  readonly ctx: Region
  readonly packet: Packet | undefined
  /** Records reserved and not yet submitted or discarded. */
  readonly records: Map<Region, VmRecord>
  tailCalls: number
  redirect?: Redirect | undefined
  /** Tells the context that the packet's length changed (`__sk_buff.len`). */
  readonly setLength: ((length: number) => void) | undefined
}

export class Machine implements Registers {
  /** Views of the arena, made anew when that grows. */
  lo!: Int32Array
  hi!: Int32Array
  /** Address of the low words; the high ones lie behind them. */
  readonly registers: { readonly lo: number; readonly hi: number }
  readonly memory: Memory
  readonly settings: VmSettings
  readonly helpers: ReadonlyMap<number, VmHelper>
  readonly random: Random
  /** Maps by the high word of their map pointer. */
  readonly mapsByPointer = new Map<number, VmMap>()
  /** By address. */
  readonly timers = new Map<string, Timer>()
  readonly stacks: readonly Region[]
  /** The task_struct of the process that programs run in. */
  currentTask!: Region
  private readonly frames: Frame[] = []
  /** Frames that belong to what called the interpreter: it ends with the function that it began in. */
  private floor = 0

  code!: Code
  pc = 0
  /** Where to go on after a helper; a tail call changes it. */
  next = 0
  insnsLeft = 0
  /** Hooks must not start another run: there is one set of registers. */
  running = false
  run!: RunState
  /** Scratch for context loads. */
  readonly pair: Pair = { lo: 0, hi: 0 }

  constructor(init: {
    settings: VmSettings
    helpers: ReadonlyMap<number, VmHelper>
    memory: Memory
    constants: { lo: readonly number[]; hi: readonly number[] }
    seed: number
  }) {
    this.settings = init.settings
    this.helpers = init.helpers
    this.memory = init.memory
    this.random = new Random(init.seed)
    this.registers = this.placeRegisters(init.constants)
    this.stacks = Array.from({ length: MAX_FRAMES }, (_, i) =>
      this.memory.add({
        kind: 'stack',
        name: i === 0 ? 'the stack' : `the stack frame of call ${i}`,
        bytes: STACK_SIZE,
        access: 'readWrite',
        lifetime: 'kept',
      }),
    )
    this.placeFrames()
  }

  private placeRegisters(constants: { lo: readonly number[]; hi: readonly number[] }) {
    const { arena } = this.memory
    const count = REGISTERS + constants.lo.length
    const lo = arena.allocate(4 * count, 'kept')
    const hi = arena.allocate(4 * count, 'kept')
    this.memory.bind(() => {
      this.lo = new Int32Array(arena.bytes.buffer, lo, count)
      this.hi = new Int32Array(arena.bytes.buffer, hi, count)
    })
    this.lo.set(constants.lo, REGISTERS)
    this.hi.set(constants.hi, REGISTERS)
    return { lo, hi }
  }

  /** Where each call frame ends, for translated programs. */
  private placeFrames(): void {
    for (const [i, stack] of this.stacks.entries())
      this.memory.setCell(CELL.frames + 8 * i, stack.base + STACK_SIZE, stack.hi)
  }

  get depth(): number {
    return this.memory.getWord(CELL.depth)
  }

  /** Lets `interpret` run until the function at work returns. */
  withinFunction(interpret: () => void): void {
    const { floor } = this
    this.floor = this.frames.length
    interpret()
    this.floor = floor
  }

  /** Ready to execute `code` from its first instruction with r1 = ctx. */
  start(code: Code, run: RunState): void {
    this.code = code
    this.pc = 0
    this.run = run
    if (this.frames.length > 0) this.frames.length = 0
    this.floor = 0
    this.memory.setWord(CELL.depth, 0)
    this.insnsLeft = this.settings.insnLimit
    this.scramble(0, 9)
    this.enterFrame()
    this.setPointer(1, run.ctx, 0)
    this.memory.setCell(CELL.context, run.ctx.base, run.ctx.hi)
    this.memory.setWord(CELL.cpu, this.settings.cpu)
  }

  private enterFrame(): void {
    const stack = this.stacks[this.depth]!
    stack.bytes.fill(this.settings.stackFill)
    this.setPointer(10, stack, STACK_SIZE)
  }

  /** BPF-to-BPF call; `pc` still is the call instruction's. */
  pushFrame(target: number, fromHelper = false): void {
    const depth = this.depth + 1
    if (depth >= MAX_FRAMES) throw new AccessError(`more than ${MAX_FRAMES} call frames`)
    const saved = new Int32Array(8)
    saved.set(this.lo.subarray(6, 10))
    saved.set(this.hi.subarray(6, 10), 4)
    this.frames.push({ code: this.code, pc: this.pc + 1, saved, fromHelper })
    this.memory.setWord(CELL.depth, depth)
    // The called function has its own r6..r9; the verifier lets nobody read them, nor r0, before a write.
    this.scramble(0, 0)
    this.scramble(6, 9)
    this.enterFrame()
    this.pc = target
  }

  /** False when the main program, or a function that a helper called, ended. */
  popFrame(): boolean {
    const frame = this.frames.length > this.floor ? this.frames.pop() : undefined
    if (frame === undefined) return false
    this.memory.setWord(CELL.depth, this.depth - 1)
    this.lo.set(frame.saved.subarray(0, 4), 6)
    this.hi.set(frame.saved.subarray(4), 6)
    this.setPointer(10, this.stacks[this.depth]!, STACK_SIZE)
    this.scramble(1, 5)
    this.code = frame.code
    this.pc = frame.pc
    return !frame.fromHelper
  }

  /** For helpers: calls the function whose address was in a register; `setArguments` fills r1..r5. Low half of its r0. */
  callBack(address: Readonly<Pair>, setArguments: () => void): number {
    if (address.hi !== CODE_TAG) throw new AccessError('the callback is no function')
    const { pc, next } = this
    this.callFunction(address.lo, setArguments)
    this.pc = pc
    this.next = next
    return this.lo[0]! | this.hi[0]!
  }

  /** Runs the function that begins at an instruction of `code` in a frame of its own; set by what executes. */
  callFunction!: (index: number, setArguments: () => void) => void

  /** Makes registers worthless, as a call does: using one shows up as a wild pointer or an odd number. */
  scramble(first: number, last: number): void {
    for (let i = first; i <= last; i++) {
      this.lo[i] = POISON.lo | i
      this.hi[i] = POISON.hi
    }
  }

  /** Goes on with another program in the same frame. */
  tailCall(code: Code): void {
    this.code = code
    this.next = 0
    this.scramble(0, 9)
  }

  // --- for helpers -------------------------------------------------------------------------------------------------

  /** Low 32 bits of an argument, unsigned. */
  u32(register: number): number {
    return this.lo[register]! >>> 0
  }

  /** Low 32 bits, signed. */
  i32(register: number): number {
    return this.lo[register]!
  }

  u64(register: number): bigint {
    return getBig(this, register)
  }

  /** A view of the memory that an argument points to. */
  bytes(register: number, length: number, access: 'read' | 'write'): Uint8Array {
    return this.memory.slice(this.lo[register]!, this.hi[register]!, length, access)
  }

  map(register: number): VmMap {
    const map = this.mapsByPointer.get(this.hi[register]!)
    if (map === undefined || this.lo[register] !== (map.pointer.base | 0))
      throw new AccessError(`r${register} is not a map`)
    return map
  }

  setPointer(register: number, region: Region, offset: number): void {
    this.lo[register] = region.base + offset
    this.hi[register] = region.hi
  }

  /** r0 = a signed number, sign-extended to 64 bits. */
  result(value: number): void {
    this.lo[0] = value
    this.hi[0] = value < 0 ? -1 : Math.floor(value / 0x1_0000_0000)
  }

  resultBig(value: bigint): void {
    setBig(this, 0, value)
  }
}
