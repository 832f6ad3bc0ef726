/**
 * Arithmetic of the interpreter on registers held as two Int32Arrays, low and high halves; meaning as in `arith/alu.ts`
 * (RFC 9669, section 4), with which a test compares every operation. The destination register is also the first
 * operand. BigInt appears only in divisions of numbers beyond 32 bits.
 */
import { alu } from '../arith/alu.ts'

export interface Registers {
  readonly lo: Int32Array
  readonly hi: Int32Array
}

export function getBig(r: Registers, i: number): bigint {
  return (BigInt(r.hi[i]! >>> 0) << 32n) | BigInt(r.lo[i]! >>> 0)
}

export function setBig(r: Registers, i: number, value: bigint): void {
  r.lo[i] = Number(value & 0xffff_ffffn)
  r.hi[i] = Number((value >> 32n) & 0xffff_ffffn)
}

/** High word of the unsigned 32 x 32 bit product. */
function mulHigh(a: number, b: number): number {
  const a0 = a & 0xffff
  const a1 = a >>> 16
  const b0 = b & 0xffff
  const b1 = b >>> 16
  const low = a0 * b0
  const mid = a1 * b0 + (low >>> 16)
  const mid2 = a0 * b1 + (mid % 0x1_0000)
  return (a1 * b1 + Math.floor(mid / 0x1_0000) + Math.floor(mid2 / 0x1_0000)) | 0
}

/** `op` numbers: see `decodeAlu` in code.ts. */
export function alu64(r: Registers, op: number, d: number, s: number): void {
  const { lo, hi } = r
  const al = lo[d]!
  const ah = hi[d]!
  const bl = lo[s]!
  const bh = hi[s]!
  switch (op) {
    case 0: {
      const sum = (al >>> 0) + (bl >>> 0)
      lo[d] = sum
      hi[d] = ah + bh + (sum > 0xffff_ffff ? 1 : 0)
      return
    }
    case 1:
      lo[d] = al - bl
      hi[d] = ah - bh - (al >>> 0 < bl >>> 0 ? 1 : 0)
      return
    case 2:
      lo[d] = Math.imul(al, bl)
      hi[d] = mulHigh(al, bl) + Math.imul(al, bh) + Math.imul(ah, bl)
      return
    case 4:
      lo[d] = al | bl
      hi[d] = ah | bh
      return
    case 5:
      lo[d] = al & bl
      hi[d] = ah & bh
      return
    case 8:
      lo[d] = -al
      hi[d] = al === 0 ? -ah : ~ah
      return
    case 10:
      lo[d] = al ^ bl
      hi[d] = ah ^ bh
      return
    case 11:
      lo[d] = bl
      hi[d] = bh
      return
    case 6:
    case 7:
    case 12:
      shift64(r, op, d, bl & 63)
      return
    case 16:
      setSigned(r, d, (bl << 24) >> 24)
      return
    case 17:
      setSigned(r, d, (bl << 16) >> 16)
      return
    case 18:
      setSigned(r, d, bl)
      return
    default:
      divide64(r, op, d, s)
      return
  }
}

function setSigned(r: Registers, d: number, value: number): void {
  r.lo[d] = value
  r.hi[d] = value >> 31
}

/** JavaScript masks shift counts to 5 bits, so 0 and 32..63 are cases of their own. */
function shift64({ lo, hi }: Registers, op: number, d: number, count: number): void {
  const l = lo[d]!
  const h = hi[d]!
  if (count === 0) return
  if (op === 6) {
    lo[d] = count > 31 ? 0 : l << count
    hi[d] = count > 31 ? l << (count - 32) : (h << count) | (l >>> (32 - count))
    return
  }
  const fill = op === 7 ? 0 : h >> 31
  if (count > 31) {
    lo[d] = op === 7 ? h >>> (count - 32) : h >> (count - 32)
    hi[d] = fill
    return
  }
  lo[d] = (l >>> count) | (h << (32 - count))
  hi[d] = op === 7 ? h >>> count : h >> count
}

function divide64(r: Registers, op: number, d: number, s: number): void {
  const { lo, hi } = r
  const signedOp = op === 14 || op === 15
  // Both fit 32 unsigned bits, and are not negative: plain numbers are exact.
  if (hi[d] === 0 && hi[s] === 0) {
    const a = lo[d]! >>> 0
    const b = lo[s]! >>> 0
    const isDivision = op === 3 || op === 14
    lo[d] = isDivision ? (b === 0 ? 0 : Math.floor(a / b)) : b === 0 ? a : a % b
    return
  }
  const a = getBig(r, d)
  const b = getBig(r, s)
  if (op === 3 || op === 14) setBig(r, d, (signedOp ? alu.sdiv : alu.udiv)(a, b, 64))
  else setBig(r, d, (signedOp ? alu.smod : alu.umod)(a, b, 64))
}

/** Works on the low halves and clears the high one. */
export function alu32({ lo, hi }: Registers, op: number, d: number, s: number): void {
  lo[d] = result32(lo[d]!, lo[s]!, op)
  hi[d] = 0
}

function result32(a: number, b: number, op: number): number {
  switch (op) {
    case 0:
      return a + b
    case 1:
      return a - b
    case 2:
      return Math.imul(a, b)
    case 3:
      return b === 0 ? 0 : Math.floor((a >>> 0) / (b >>> 0))
    case 4:
      return a | b
    case 5:
      return a & b
    case 6:
      return a << (b & 31)
    case 7:
      return a >>> (b & 31)
    case 8:
      return -a
    case 9:
      return b === 0 ? a : (a >>> 0) % (b >>> 0)
    case 10:
      return a ^ b
    case 11:
      return b
    case 12:
      return a >> (b & 31)
    case 14:
      return b === 0 ? 0 : Math.trunc(a / b)
    case 15:
      return b === 0 ? a : a % b
    case 16:
      return (b << 24) >> 24
    default:
      return (b << 16) >> 16
  }
}

function swap32(a: number): number {
  return (a >>> 24) | ((a >>> 8) & 0xff00) | ((a << 8) & 0xff_0000) | (a << 24)
}

/** `op`: 0 to little-endian (the host: only truncates), 1 to big-endian, 2 swap. */
export function endian({ lo, hi }: Registers, op: number, d: number, bits: number): void {
  const l = lo[d]!
  if (bits === 64) {
    if (op === 0) return
    lo[d] = swap32(hi[d]!)
    hi[d] = swap32(l)
    return
  }
  const swapped = op === 0 ? l : bits === 32 ? swap32(l) : swap32(l) >>> 16
  lo[d] = bits === 16 ? swapped & 0xffff : swapped
  hi[d] = 0
}

/** `op` is the opcode's high nibble: 1 eq, 2 ugt, 3 uge, 4 set, 5 ne, 6 sgt, 7 sge, 10 ult, 11 ule, 12 slt, 13 sle. */
export function condition64({ lo, hi }: Registers, op: number, d: number, s: number): boolean {
  const al = lo[d]! >>> 0
  const bl = lo[s]! >>> 0
  const ah = hi[d]!
  const bh = hi[s]!
  switch (op) {
    case 1:
      return al === bl && ah === bh
    case 5:
      return al !== bl || ah !== bh
    case 4:
      return (al & bl) !== 0 || (ah & bh) !== 0
    case 2:
      return ah === bh ? al > bl : ah >>> 0 > bh >>> 0
    case 3:
      return ah === bh ? al >= bl : ah >>> 0 > bh >>> 0
    case 10:
      return ah === bh ? al < bl : ah >>> 0 < bh >>> 0
    case 11:
      return ah === bh ? al <= bl : ah >>> 0 < bh >>> 0
    case 6:
      return ah === bh ? al > bl : ah > bh
    case 7:
      return ah === bh ? al >= bl : ah > bh
    case 12:
      return ah === bh ? al < bl : ah < bh
    default:
      return ah === bh ? al <= bl : ah < bh
  }
}

export function condition32({ lo }: Registers, op: number, d: number, s: number): boolean {
  const a = lo[d]!
  const b = lo[s]!
  switch (op) {
    case 1:
      return a === b
    case 5:
      return a !== b
    case 4:
      return (a & b) !== 0
    case 2:
      return a >>> 0 > b >>> 0
    case 3:
      return a >>> 0 >= b >>> 0
    case 10:
      return a >>> 0 < b >>> 0
    case 11:
      return a >>> 0 <= b >>> 0
    case 6:
      return a > b
    case 7:
      return a >= b
    case 12:
      return a < b
    default:
      return a <= b
  }
}
