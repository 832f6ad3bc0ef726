import { describe, expect, test } from 'vitest'
import { alu, byteSwap, compare, signExtend, truncate } from '../../../packages/core/src/arith/alu.ts'
import { alu32, alu64, condition32, condition64, endian, getBig, setBig } from '../../../packages/core/src/vm/alu.ts'

/** Every operation of the interpreter, on halves, against the exact one on bigints: edge by edge and random operands. */
const EDGES = [
  0n,
  1n,
  2n,
  31n,
  32n,
  33n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x1_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fffen,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1_0000_0001n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0x8000_0000_0000_0001n,
  0xffff_ffff_0000_0000n,
  0xffff_ffff_8000_0000n,
  0xffff_ffff_ffff_fffen,
  0xffff_ffff_ffff_ffffn,
]

let seed = 0x1234_5678
const random32 = () => {
  seed ^= seed << 13
  seed ^= seed >>> 17
  seed ^= seed << 5
  return BigInt(seed >>> 0)
}
/** Of any magnitude. */
const random64 = () => ((random32() << 32n) | random32()) >> (random32() % 64n)

const PAIRS: [bigint, bigint][] = [
  ...EDGES.flatMap((a) => EDGES.map((b): [bigint, bigint] => [a, b])),
  ...Array.from({ length: 3000 }, (): [bigint, bigint] => [random64(), random64()]),
]

const OPS: [number, string, (a: bigint, b: bigint, width: 32 | 64) => bigint][] = [
  [0, 'add', alu.add],
  [1, 'sub', alu.sub],
  [2, 'mul', alu.mul],
  [3, 'div', alu.udiv],
  [4, 'or', alu.or],
  [5, 'and', alu.and],
  [6, 'lsh', alu.shl],
  [7, 'rsh', alu.lshr],
  [8, 'neg', (a, _, w) => alu.sub(0n, a, w)],
  [9, 'mod', alu.umod],
  [10, 'xor', alu.xor],
  [11, 'mov', (_, b, w) => truncate(b, w)],
  [12, 'arsh', alu.ashr],
  [14, 'sdiv', alu.sdiv],
  [15, 'smod', alu.smod],
  [16, 'movsx8', (_, b, w) => truncate(signExtend(b, 8), w)],
  [17, 'movsx16', (_, b, w) => truncate(signExtend(b, 16), w)],
]

const registers = () => ({ lo: new Int32Array(2), hi: new Int32Array(2) })

describe('interpreter arithmetic equals arith/alu', () => {
  test.each(OPS)('operation %i (%s), 64 and 32 bits', (op, _, expected) => {
    const r = registers()
    for (const [a, b] of PAIRS) {
      for (const width of [64, 32] as const) {
        setBig(r, 0, a)
        setBig(r, 1, b)
        ;(width === 64 ? alu64 : alu32)(r, op, 0, 1)
        if (getBig(r, 0) !== expected(a, b, width)) {
          expect.fail(`${a} op ${b} at ${width}: ${getBig(r, 0)}, expected ${expected(a, b, width)}`)
        }
      }
    }
  })

  test('operand and destination may be one register', () => {
    for (const [op, name, expected] of OPS) {
      for (const a of EDGES) {
        const r = registers()
        setBig(r, 0, a)
        alu64(r, op, 0, 0)
        expect(getBig(r, 0), name).toBe(expected(a, a, 64))
      }
    }
  })

  test('movsx32', () => {
    const r = registers()
    for (const [a, b] of PAIRS) {
      setBig(r, 0, a)
      setBig(r, 1, b)
      alu64(r, 18, 0, 1)
      if (getBig(r, 0) !== signExtend(b, 32)) expect.fail(`movsx32 of ${b}`)
    }
  })

  test.each([16, 32, 64] as const)('byte order, %i bits', (bits) => {
    const r = registers()
    for (const [a] of PAIRS) {
      for (const op of [0, 1, 2]) {
        setBig(r, 0, a)
        endian(r, op, 0, bits)
        const expected = op === 0 ? truncate(a, bits) : byteSwap(a, bits)
        if (getBig(r, 0) !== expected) expect.fail(`op ${op} of ${a}`)
      }
    }
  })

  test.each([
    [1, 'eq'],
    [2, 'ugt'],
    [3, 'uge'],
    [4, 'set'],
    [5, 'ne'],
    [6, 'sgt'],
    [7, 'sge'],
    [10, 'ult'],
    [11, 'ule'],
    [12, 'slt'],
    [13, 'sle'],
  ] as const)('condition %i (%s)', (op, pred) => {
    const r = registers()
    for (const [a, b] of PAIRS) {
      setBig(r, 0, a)
      setBig(r, 1, b)
      if (condition64(r, op, 0, 1) !== compare(pred, a, b, 64)) expect.fail(`${a} ${pred} ${b}, 64 bits`)
      if (condition32(r, op, 0, 1) !== compare(pred, a, b, 32)) expect.fail(`${a} ${pred} ${b}, 32 bits`)
    }
  })
})
