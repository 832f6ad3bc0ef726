/**
 * Translates a decoded program to a WebAssembly module: one function for the program and for each function that it calls
 * or hands to helpers. Meaning is the interpreter's (vm/step.ts), which also finds out what was wrong when an access or
 * a call fails: the registers go to the machine, and it executes that one instruction.
 */
import { CODE_TAG, type Code, type ConstantPool, GROUP } from '../vm/code.ts'
import { STACK_SIZE } from '../vm/machine.ts'
import { writeAtomic, writeLoad, writeStore } from './access.ts'
import { writeAlu32, writeAlu64, writeCondition, writeEndian } from './alu.ts'
import {
  keepBudget,
  lookupMap,
  pushRegister,
  reloadBudget,
  storeRegister,
  writeCall,
  writeExit,
  writeHelper,
  writePacketLoad,
} from './calls.ts'
import { type Block, buildCfg, type Cfg } from './cfg.ts'
import { Emitter } from './emitter.ts'
import {
  FUNCTION,
  type FunctionWriter,
  faultNow,
  LOCAL,
  LOCALS,
  PACKET_LOCAL,
  type PacketLocals,
  poison,
  registerLocal,
  reloadPacket,
} from './function.ts'
import { findHints, type HintCursor, type Hints } from './hints.ts'
import { ModuleBuilder } from './module-builder.ts'
import { I32, I64, OP } from './ops.ts'
import { type Places, registerAddress } from './places.ts'
import { writeControlFlow } from './structure.ts'
import { type LoadKind, pushFramePointer, Support } from './support.ts'

export interface Translation {
  readonly bytes: Uint8Array
  /** Instructions at which functions begin that the host may call; exported as `f<index>`. The program is 0. */
  readonly entries: readonly number[]
}

const CALLS: ReadonlySet<number> = new Set([GROUP.helper, GROUP.helperRegister, GROUP.call, GROUP.packetLoad])

/** Functions that share code have copies of it; programs in which that gets out of hand stay with the interpreter. */
const MAX_COPIES = 4

export function translate(code: Code, pool: ConstantPool, places: Places): Translation | undefined {
  const builder = new ModuleBuilder()
  const support = new Support(builder, places)
  const entries = functionEntries(code, pool)
  const cfgs = entries.map((entry) => buildCfg(code, entry))
  const size = cfgs.reduce((sum, cfg) => sum + cfg.order.reduce((n, { first, last }) => n + last - first + 1, 0), 0)
  if (size > MAX_COPIES * code.group.length) return undefined
  const numbers = new Map(entries.map((entry) => [entry, builder.declare()]))
  const functionAt = (index: number) => numbers.get(index)!
  for (const [i, entry] of entries.entries()) {
    const writer = new Writer({ code, pool, builder, support, places, functionAt, cfg: cfgs[i]! })
    writer.write(entry === 0)
    builder.define(functionAt(entry), FUNCTION, writer.locals(), writer.e)
    builder.exportFunction(`f${entry}`, exported(builder, places, functionAt(entry)))
  }
  return { bytes: builder.build(), entries }
}

/** The program, what it calls, and functions whose address it takes. */
function functionEntries(code: Code, pool: ConstantPool): number[] {
  const entries = new Set([0])
  for (let i = 0; i < code.group.length; i++) {
    if (code.group[i] === GROUP.call) entries.add(code.target[i]!)
    const constant = code.src[i]! - 11
    const takesAddress = code.group[i] === GROUP.alu64 && constant >= 0 && pool.hi[constant] === CODE_TAG
    if (takesAddress && pool.lo[constant]! < code.group.length) entries.add(pool.lo[constant]!)
  }
  return [...entries]
}

/** Without parameters: arguments and result are in the machine's registers. */
function exported(builder: ModuleBuilder, places: Places, target: number): number {
  const index = builder.declare()
  const e = new Emitter()
  for (let r = 1; r <= 5; r++) pushRegister(e, places, r)
  e.call(target).set(0)
  e.i32(0)
    .get(0)
    .op(I32.wrap)
    .memory(I32.store, registerAddress(places, 0, 'lo'))
  e.i32(0)
    .get(0)
    .i64(32, 0)
    .op(I64.shrU)
    .op(I32.wrap)
    .memory(I32.store, registerAddress(places, 0, 'hi'))
  builder.define(index, { params: [], results: [] }, ['i64'], e)
  return index
}

interface WriterInit {
  readonly code: Code
  readonly pool: ConstantPool
  readonly builder: ModuleBuilder
  readonly support: Support
  readonly places: Places
  readonly functionAt: (index: number) => number
  readonly cfg: Cfg
}

class Writer implements FunctionWriter {
  readonly e = new Emitter()
  readonly code: Code
  readonly pool: ConstantPool
  readonly builder: ModuleBuilder
  readonly support: Support
  readonly places: Places
  readonly functionAt: (index: number) => number
  readonly windows = new Map<number, number>()
  readonly valueSizes = new Map<number, { readonly bytes: number; readonly writable: boolean }>()
  packet: PacketLocals | undefined
  fault = 0
  pc = 0
  private readonly cfg: Cfg
  private hints!: Hints
  private cursor!: HintCursor

  constructor(init: WriterInit) {
    this.code = init.code
    this.pool = init.pool
    this.builder = init.builder
    this.support = init.support
    this.places = init.places
    this.functionAt = init.functionAt
    this.cfg = init.cfg
  }

  locals() {
    return [...LOCALS, ...Array.from(this.windows, () => 'i64' as const)]
  }

  hint(register: number) {
    return this.cursor.get(register)
  }

  write(isProgram: boolean): void {
    const { e, places } = this
    this.hints = findHints(this.code, this.cfg, {
      pool: this.pool,
      isProgram,
      isPacketField: (offset) => places.context?.pointerCells.has(offset) ?? false,
      isLookup: (helper, map) => lookupMap(places, helper, map)?.values !== undefined,
    })
    pushFramePointer(e, places)
    e.tee(registerLocal(10)).op(I32.wrap).i32(STACK_SIZE).op(I32.sub).set(LOCAL.frame)
    poison(this, 0, 0)
    poison(this, 6, 9)
    reloadBudget(this)
    this.packet = this.findPacket()
    reloadPacket(this)
    this.fault = e.open('block')
    writeControlFlow(this.cfg, {
      emitter: e,
      state: LOCAL.state,
      body: (block) => this.body(block),
      condition: (block) => this.condition(block),
    })
    e.op(OP.unreachable).close()
    for (let r = 0; r <= 10; r++) storeRegister(e, places, r)
    e.i32(0).global('globalSet', this.support.failed)
    keepBudget(this)
    e.get(LOCAL.pc).get(LOCAL.reason).call(this.support.host.leave)
    pushRegister(e, places, 0)
  }

  private body(block: Block): void {
    this.cursor = this.hints.at(block)
    if (block.last < block.first) {
      faultNow(this, block.first, 'instruction')
      return
    }
    this.spend(block)
    for (let i = block.first; i <= block.last; i++) {
      this.pc = i
      this.instruction(i)
      this.cursor.step()
    }
  }

  /**
   * Counts the block's instructions. Whether they were too many is asked at the head of a loop, at calls and at the end:
   * no run goes on for ever, or ends well after more than its budget.
   */
  private spend(block: Block): void {
    const { e, code } = this
    e.get(LOCAL.left)
      .i64(block.last - block.first + 1, 0)
      .op(I64.sub)
      .set(LOCAL.left)
    const isLoop = block.preds.some((pred) => pred.rpo >= block.rpo)
    if (!isLoop && code.group[block.last] !== GROUP.exit && !this.hasCall(block)) return
    e.get(LOCAL.left).i64(0, 0).op(I64.ltS).when()
    faultNow(this, block.first, 'budget')
    e.close()
  }

  private hasCall(block: Block): boolean {
    for (let i = block.first; i <= block.last; i++) if (CALLS.has(this.code.group[i]!)) return true
    return false
  }

  /** Sizes of the accesses that are probably to the packet. */
  private findPacket(): PacketLocals | undefined {
    const { code } = this
    const limits = new Map<number, number>()
    for (const block of this.cfg.order) {
      const cursor = this.hints.at(block)
      for (let i = block.first; i <= block.last; i++, cursor.step()) {
        const group = code.group[i]!
        const isStore = group === GROUP.store
        if (!isStore && group !== GROUP.load && group !== GROUP.loadSigned) continue
        const size = code.op[i]!
        const base = isStore ? code.dst[i]! : code.src[i]!
        if (cursor.get(base)?.kind === 'packet') limits.set(size, PACKET_LOCAL + 1 + (31 - Math.clz32(size)))
      }
    }
    return limits.size === 0 ? undefined : { start: PACKET_LOCAL, limits }
  }

  private condition(block: Block): void {
    const { code } = this
    const i = block.last
    const width = code.group[i] === GROUP.jump64 ? 64 : 32
    writeCondition(this, code.op[i]!, code.dst[i]!, code.src[i]!, width)
  }

  private instruction(i: number): void {
    const { code } = this
    const op = code.op[i]!
    const dst = code.dst[i]!
    switch (code.group[i]) {
      case GROUP.alu64:
        writeAlu64(this, op, dst, code.src[i]!)
        break
      case GROUP.alu32:
        writeAlu32(this, op, dst, code.src[i]!)
        break
      case GROUP.endian:
        writeEndian(this, op, dst, code.off[i]!)
        break
      case GROUP.load:
      case GROUP.loadSigned:
        writeLoad(this, i, { size: op as LoadKind['size'], signed: code.group[i] === GROUP.loadSigned })
        break
      case GROUP.store:
        writeStore(this, i, op)
        break
      case GROUP.atomic:
        writeAtomic(this, i)
        break
      case GROUP.helper:
      case GROUP.helperRegister:
        writeHelper(this, i)
        break
      case GROUP.packetLoad:
        writePacketLoad(this, i)
        break
      case GROUP.call:
        writeCall(this, i)
        break
      case GROUP.exit:
        writeExit(this)
        break
      default:
        // Jumps: writeControlFlow asks for the condition.
        break
    }
  }
}
