/**
 * arith/alu against independent arithmetic: JavaScript's own 32-bit operators, DataView for byte order, and the edge
 * cases that RFC 9669 (section 4.1) spells out. The kernel is asked in test/kernel/tables/arith.test.ts.
 */
import { describe, expect, it } from 'vitest'
import { alu, byteSwap, compare, signExtend, truncate } from '../../../packages/core/src/arith/alu.ts'

const MIN64 = 0x8000_0000_0000_0000n
const MAX64 = 0xffff_ffff_ffff_ffffn
const EDGES = [0, 1, 2, 3, 5, 31, 32, 33, 63, 0x7f, 0x80, 0xffff, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff]

/** 32-bit operations in JavaScript's own operators; results are signed or unsigned, compared after `>>> 0`. */
const native: Partial<Record<keyof typeof alu, (a: number, b: number) => number>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: (a, b) => Math.imul(a, b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << b,
  lshr: (a, b) => a >>> b,
  ashr: (a, b) => a >> b,
  udiv: (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
  umod: (a, b) => (b === 0 ? a : a % b),
  sdiv: (a, b) => (b === 0 ? 0 : Math.trunc((a | 0) / (b | 0)) | 0),
  smod: (a, b) => (b === 0 ? a : ((a | 0) % (b | 0)) | 0),
}

describe('32-bit arithmetic', () => {
  it.each(Object.entries(native))('%s agrees with JavaScript', (name, f) => {
    const op = alu[name as keyof typeof alu]
    for (const a of EDGES)
      for (const b of EDGES) {
        // Garbage in the upper halves must not matter.
        const result = op(BigInt(a) | (0xdead_beefn << 32n), BigInt(b) | (1n << 40n), 32)
        expect(result, `${a} ${name} ${b}`).toBe(BigInt(f(a, b) >>> 0))
      }
  })

  it('is complete', () => {
    expect(Object.keys(native).sort()).toEqual(Object.keys(alu).sort())
  })
})

describe('64-bit arithmetic', () => {
  const cases: [keyof typeof alu, bigint, bigint, bigint][] = [
    ['add', MAX64, 1n, 0n],
    ['sub', 0n, 1n, MAX64],
    ['mul', 0x1_0000_0001n, 0x1_0000_0001n, 0x2_0000_0001n],
    ['mul', MAX64, MAX64, 1n],
    ['udiv', MAX64, 2n, 0x7fff_ffff_ffff_ffffn],
    ['udiv', 7n, 0n, 0n],
    ['umod', MAX64, 10n, 5n],
    ['umod', 7n, 0n, 7n],
    ['sdiv', MAX64 - 6n, 2n, MAX64 - 2n], // -7 / 2 = -3
    ['sdiv', MIN64, MAX64, MIN64],
    ['sdiv', 5n, 0n, 0n],
    ['smod', MAX64 - 6n, 2n, MAX64], // -7 % 2 = -1
    ['smod', 7n, MAX64 - 1n, 1n], // 7 % -2 = 1
    ['smod', MIN64, MAX64, 0n],
    ['smod', MAX64, 0n, MAX64],
    ['shl', 1n, 63n, MIN64],
    ['shl', 1n, 64n, 1n],
    ['shl', 3n, 0xffff_ff01n, 6n],
    ['lshr', MIN64, 63n, 1n],
    ['ashr', MIN64, 63n, MAX64],
    ['ashr', MIN64, 64n, MIN64],
    ['ashr', 0x4000_0000_0000_0000n, 62n, 1n],
    ['xor', MAX64, 0xffn, 0xffff_ffff_ffff_ff00n],
  ]
  it.each(cases)('%s %d %d = %d', (op, a, b, expected) => {
    expect(alu[op](a, b, 64)).toBe(expected)
  })

  it('is exact for division and modulo together', () => {
    for (const a of EDGES.map((x) => BigInt(x) * 0x1_0000_0001n))
      for (const b of EDGES.filter((x) => x !== 0).map(BigInt)) {
        expect(alu.add(alu.mul(alu.udiv(a, b, 64), b, 64), alu.umod(a, b, 64), 64)).toBe(truncate(a, 64))
        expect(alu.add(alu.mul(alu.sdiv(a, b, 64), b, 64), alu.smod(a, b, 64), 64)).toBe(truncate(a, 64))
      }
  })
})

describe('compare', () => {
  const less = [
    ['ult', 1n, MAX64, true],
    ['slt', 1n, MAX64, false],
    ['slt', MIN64, 0n, true],
    ['ugt', MIN64, 0n, true],
    ['uge', 5n, 5n, true],
    ['sle', MAX64, MAX64, true],
    ['sgt', 0n, MAX64, true],
    ['sge', MIN64, MAX64, false],
    ['ule', 6n, 5n, false],
    ['eq', 0x1_0000_0000n, 0n, false],
    ['ne', 0x1_0000_0000n, 0n, true],
    ['set', 0x10n, 0x11n, true],
    ['set', 0x10n, 0x01n, false],
  ] as const
  it.each(less)('%s %d %d at 64 bits: %s', (pred, a, b, expected) => {
    expect(compare(pred, a, b, 64)).toBe(expected)
  })

  it('reads only the low halves at 32 bits', () => {
    expect(compare('eq', 0x1_0000_0000n, 0n, 32)).toBe(true)
    expect(compare('slt', 0x8000_0000n, 0n, 32)).toBe(true)
    expect(compare('slt', 0x8000_0000n, 0n, 64)).toBe(false)
    expect(compare('set', 0xf_0000_0000n, MAX64, 32)).toBe(false)
  })
})

describe('byte order and extension', () => {
  it('byteSwap agrees with DataView', () => {
    const view = new DataView(new ArrayBuffer(8))
    for (const value of [0n, 1n, 0x0123_4567_89ab_cdefn, MAX64, MIN64, 0xff00n]) {
      view.setBigUint64(0, value, true)
      expect(byteSwap(value, 64)).toBe(view.getBigUint64(0, false))
      expect(byteSwap(value, 32)).toBe(BigInt(view.getUint32(0, false)))
      expect(byteSwap(value, 16)).toBe(BigInt(view.getUint16(0, false)))
    }
  })

  it('signExtend agrees with DataView', () => {
    const view = new DataView(new ArrayBuffer(8))
    for (const value of [0n, 0x7fn, 0x80n, 0x8000n, 0x7fff_ffffn, 0x8000_0000n, MAX64]) {
      view.setBigUint64(0, value, true)
      expect(signExtend(value, 8)).toBe(BigInt.asUintN(64, BigInt(view.getInt8(0))))
      expect(signExtend(value, 16)).toBe(BigInt.asUintN(64, BigInt(view.getInt16(0, true))))
      expect(signExtend(value, 32)).toBe(BigInt.asUintN(64, BigInt(view.getInt32(0, true))))
    }
  })
})
