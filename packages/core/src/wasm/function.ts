/**
 * What the parts of the translator share while they write one function: its locals, its emitter, how to leave with a
 * fault. Every BPF register is an i64 local; a function takes r1..r5 and gives back r0.
 */
import { limitCell } from '../vm/cells.ts'
import type { Code, ConstantPool } from '../vm/code.ts'
import { POISON } from '../vm/machine.ts'
import type { Emitter, Label } from './emitter.ts'
import type { Hint } from './hints.ts'
import type { ModuleBuilder, Signature, ValueType } from './module-builder.ts'
import { I32, I64 } from './ops.ts'
import { cellAddress, type Places } from './places.ts'
import type { Support } from './support.ts'

export const FUNCTION: Signature = { params: ['i64', 'i64', 'i64', 'i64', 'i64'], results: ['i64'] }

/** Numbers of the locals that are not registers. */
export const LOCAL = {
  /** i64: instructions that may still run. */
  left: 11,
  /** i64 scratch. */
  address: 12,
  value: 13,
  /** i32: instruction and reason of a fault. */
  pc: 14,
  reason: 15,
  /** i32: next block in a dispatch loop. */
  state: 16,
  /** i32: address of the frame's first byte. */
  frame: 17,
  /** i32 scratch. */
  word: 18,
} as const
/** i64: start of the packet and four limits, then a window for each lookup. */
export const PACKET_LOCAL = 19
const FIRST_WINDOW = PACKET_LOCAL + 5

/** Types of the locals behind the five parameters. */
export const LOCALS: readonly ValueType[] = [
  ...new Array<ValueType>(6).fill('i64'), // r0, r6..r10
  ...(['i64', 'i64', 'i64', 'i32', 'i32', 'i32', 'i32', 'i32'] as const),
  ...new Array<ValueType>(5).fill('i64'),
]

/** Why a function leaves through its fault exit. */
export const REASON = {
  /** The interpreter goes on here: it finds what is wrong, or that nothing is. */
  instruction: 0,
  /** A host function has kept the error. */
  pending: 1,
  budget: 2,
  frames: 3,
} as const
export type Reason = keyof typeof REASON

/** Copies of the packet's cells, kept in locals for loops; read again after whatever may move the packet. */
export interface PacketLocals {
  readonly start: number
  /** By size of the access. */
  readonly limits: ReadonlyMap<number, number>
}

export interface FunctionWriter {
  readonly e: Emitter
  readonly code: Code
  readonly pool: ConstantPool
  readonly builder: ModuleBuilder
  readonly support: Support
  readonly places: Places
  readonly fault: Label
  /** Locals with the map value that a lookup found, by the lookup's instruction. */
  readonly windows: Map<number, number>
  /** Locals with the packet's start and limits; undefined when the function does not touch the packet. */
  readonly packet: PacketLocals | undefined
  /** Of the map at each lookup that has a window. */
  readonly valueSizes: Map<number, { readonly bytes: number; readonly writable: boolean }>
  /** The instruction that is being written. */
  readonly pc: number
  /** Number of the function that begins at an instruction. */
  functionAt(index: number): number
  hint(register: number): Hint | undefined
}

/** Local of a register. */
export function registerLocal(register: number): number {
  if (register === 0) return 5
  return register <= 5 ? register - 1 : register
}

export function newWindow(f: FunctionWriter, site: number): number {
  const known = f.windows.get(site)
  if (known !== undefined) return known
  const local = FIRST_WINDOW + f.windows.size
  f.windows.set(site, local)
  return local
}

/** Register or constant on the stack as i64. */
export function pushOperand(f: FunctionWriter, operand: number): void {
  if (operand <= 10) f.e.get(registerLocal(operand))
  else f.e.i64(f.pool.lo[operand - 11]!, f.pool.hi[operand - 11]!)
}

/** Its low half as i32. */
export function pushOperand32(f: FunctionWriter, operand: number): void {
  if (operand <= 10) f.e.get(registerLocal(operand)).op(I32.wrap)
  else f.e.i32(f.pool.lo[operand - 11]!)
}

/** Register plus offset. */
export function pushAddress(f: FunctionWriter, register: number, offset: number): void {
  f.e.get(registerLocal(register))
  if (offset !== 0) f.e.i64(offset, offset >> 31).op(I64.add)
}

export function reloadPacket({ e, places, packet }: FunctionWriter): void {
  if (packet === undefined) return
  e.i32(cellAddress(places, 'packet')).memory(I64.load).set(packet.start)
  for (const [size, local] of packet.limits) {
    e.i32(places.machine.memory.cells + limitCell(size))
      .memory(I64.load)
      .set(local)
  }
}

/** Leaves the function if the i32 on the stack is not 0. */
export function faultIf(f: FunctionWriter, pc: number, reason: Reason = 'instruction'): void {
  const { e } = f
  e.when()
  faultNow(f, pc, reason)
  e.close()
}

export function faultNow({ e, fault }: FunctionWriter, pc: number, reason: Reason): void {
  e.i32(pc).set(LOCAL.pc)
  if (reason !== 'instruction') e.i32(REASON[reason]).set(LOCAL.reason)
  e.branch('br', fault)
}

/** Nobody may read the registers until they are written again. */
export function poison({ e }: FunctionWriter, first: number, last: number): void {
  for (let r = first; r <= last; r++) e.i64(POISON.lo | r, POISON.hi).set(registerLocal(r))
}
