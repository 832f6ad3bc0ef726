/** Arithmetic, byte order and conditions; meaning as in `arith/alu.ts` (RFC 9669, section 4). */
import { ALU_V4 } from '../vm/code.ts'
import { type FunctionWriter, LOCAL, pushOperand, pushOperand32, registerLocal } from './function.ts'
import { I32, I64, TYPE } from './ops.ts'

const CODE = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  or: 4,
  and: 5,
  lsh: 6,
  rsh: 7,
  neg: 8,
  mod: 9,
  xor: 10,
  mov: 11,
  arsh: 12,
}

/** Operations that one instruction of WebAssembly does, shift counts modulo the width included. */
const SIMPLE_64 = new Map<number, number>([
  [CODE.add, I64.add],
  [CODE.sub, I64.sub],
  [CODE.mul, I64.mul],
  [CODE.or, I64.or],
  [CODE.and, I64.and],
  [CODE.lsh, I64.shl],
  [CODE.rsh, I64.shrU],
  [CODE.xor, I64.xor],
  [CODE.arsh, I64.shrS],
])
const SIMPLE_32 = new Map<number, number>([
  [CODE.add, I32.add],
  [CODE.sub, I32.sub],
  [CODE.mul, I32.mul],
  [CODE.or, I32.or],
  [CODE.and, I32.and],
  [CODE.lsh, I32.shl],
  [CODE.rsh, I32.shrU],
  [CODE.xor, I32.xor],
  [CODE.arsh, I32.shrS],
])
const DIVISION_64 = new Map<number, number>([
  [CODE.div, I64.divU],
  [CODE.mod, I64.remU],
  [ALU_V4.sdiv, I64.divS],
  [ALU_V4.smod, I64.remS],
])
const DIVISION_32 = new Map<number, number>([
  [CODE.div, I32.divU],
  [CODE.mod, I32.remU],
  [ALU_V4.sdiv, I32.divS],
  [ALU_V4.smod, I32.remS],
])

export function writeAlu64(f: FunctionWriter, op: number, dst: number, src: number): void {
  const { e } = f
  const simple = SIMPLE_64.get(op)
  if (simple !== undefined) {
    pushOperand(f, dst)
    pushOperand(f, src)
    e.op(simple)
  } else if (DIVISION_64.has(op)) writeDivision(f, { op, dst, src, width: 64 })
  else if (op === CODE.neg) {
    e.i64(0, 0)
    pushOperand(f, dst)
    e.op(I64.sub)
  } else {
    pushOperand(f, src)
    if (op === ALU_V4.movsx8) e.op(I64.extend8)
    else if (op === ALU_V4.movsx16) e.op(I64.extend16)
    else if (op === ALU_V4.movsx32) e.op(I64.extend32)
  }
  e.set(registerLocal(dst))
}

/** Works on the low halves and clears the high one. */
export function writeAlu32(f: FunctionWriter, op: number, dst: number, src: number): void {
  const { e } = f
  const simple = SIMPLE_32.get(op)
  if (simple !== undefined) {
    pushOperand32(f, dst)
    pushOperand32(f, src)
    e.op(simple)
  } else if (DIVISION_32.has(op)) writeDivision(f, { op, dst, src, width: 32 })
  else if (op === CODE.neg) {
    e.i32(0)
    pushOperand32(f, dst)
    e.op(I32.sub)
  } else {
    pushOperand32(f, src)
    if (op === ALU_V4.movsx8) e.op(I32.extend8)
    else if (op === ALU_V4.movsx16) e.op(I32.extend16)
  }
  e.op(I64.extendU).set(registerLocal(dst))
}

interface Division {
  readonly op: number
  readonly dst: number
  readonly src: number
  readonly width: 32 | 64
}

/** BPF: x / 0 = 0, x % 0 = x, and the smallest number / -1 is itself, where WebAssembly would trap. */
function writeDivision(f: FunctionWriter, division: Division): void {
  const { e, pool } = f
  const { op, dst, src, width } = division
  const push = width === 64 ? pushOperand : pushOperand32
  const isQuotient = op === CODE.div || op === ALU_V4.sdiv
  const opcode = (width === 64 ? DIVISION_64 : DIVISION_32).get(op)!
  const zero = () => (width === 64 ? e.i64(0, 0) : e.i32(0))
  const divide = () => {
    push(f, dst)
    push(f, src)
    e.op(opcode)
  }
  // A constant that is neither 0 nor -1 needs no care.
  if (src > 10 && ![0, -1].includes(pool.lo[src - 11]!)) {
    divide()
    return
  }
  const type = width === 64 ? TYPE.i64 : TYPE.i32
  push(f, src)
  e.op(width === 64 ? I64.eqz : I32.eqz).when(type)
  if (isQuotient) zero()
  else push(f, dst)
  e.otherwise()
  if (op === ALU_V4.sdiv) {
    push(f, src)
    if (width === 64) e.i64(-1, -1).op(I64.eq)
    else e.i32(-1).op(I32.eq)
    e.when(type)
    zero()
    push(f, dst)
    e.op(width === 64 ? I64.sub : I32.sub).otherwise()
    divide()
    e.close()
  } else divide()
  e.close()
}

/** `op`: 0 to little-endian (the host: only truncates), 1 to big-endian, 2 swap. */
export function writeEndian(f: FunctionWriter, op: number, dst: number, bits: number): void {
  const { e } = f
  const local = registerLocal(dst)
  if (op === 0) {
    if (bits === 64) return
    e.get(local)
      .i64(bits === 16 ? 0xffff : -1, 0)
      .op(I64.and)
      .set(local)
    return
  }
  if (bits === 16) {
    e.get(local).op(I32.wrap).tee(LOCAL.word).i32(0xff).op(I32.and).i32(8).op(I32.shl)
    e.get(LOCAL.word).i32(8).op(I32.shrU).i32(0xff).op(I32.and).op(I32.or).op(I64.extendU).set(local)
    return
  }
  if (bits === 32) {
    e.get(local).op(I32.wrap).set(LOCAL.word)
    swap32(f)
    e.op(I64.extendU).set(local)
    return
  }
  e.get(local).op(I32.wrap).set(LOCAL.word)
  swap32(f)
  e.op(I64.extendU).i64(32, 0).op(I64.shl)
  e.get(local).i64(32, 0).op(I64.shrU).op(I32.wrap).set(LOCAL.word)
  swap32(f)
  e.op(I64.extendU).op(I64.or).set(local)
}

/** LOCAL.word swapped, on the stack. */
function swap32({ e }: FunctionWriter): void {
  e.get(LOCAL.word).i32(8).op(I32.rotl).i32(0x00ff_00ff).op(I32.and)
  e.get(LOCAL.word).i32(8).op(I32.rotr).i32(0xff00_ff00).op(I32.and).op(I32.or)
}

/** By the opcode's high nibble; 4 is `set`. */
const CONDITION: Record<number, keyof typeof I64 & keyof typeof I32> = {
  1: 'eq',
  2: 'gtU',
  3: 'geU',
  5: 'ne',
  6: 'gtS',
  7: 'geS',
  10: 'ltU',
  11: 'leU',
  12: 'ltS',
  13: 'leS',
}

/** The condition as an i32 on the stack. */
export function writeCondition(f: FunctionWriter, op: number, dst: number, src: number, width: 32 | 64): void {
  const { e } = f
  const wide = width === 64
  const push = wide ? pushOperand : pushOperand32
  push(f, dst)
  push(f, src)
  if (op !== 4) e.op((wide ? I64 : I32)[CONDITION[op]!])
  else if (wide) e.op(I64.and).i64(0, 0).op(I64.ne)
  else e.op(I32.and)
}
