/**
 * The one arithmetic against the kernel: every two-operand opcode, in both widths and operand forms, and every
 * comparison, on a grid of edge values. Each opcode is one XDP program that takes its operands from the packet, where
 * the verifier does not know them, and overwrites the first operand with the result.
 */
import { kernelUsable } from '@unplugin-bpf/loader'
import { describe, expect, it } from 'vitest'
import { alu, byteSwap, compare } from '../../../packages/core/src/arith/alu.ts'
import * as build from '../../../packages/core/src/bpf/build.ts'
import type { Insn } from '../../../packages/core/src/bpf/insn.ts'
import type { BinaryOpName, Pred } from '../../../packages/core/src/tables/ir-ops.ts'
import { ALU_CODE, JUMP_CODE } from '../../../packages/core/src/tables/opcodes.ts'
import { runOnPacket } from '../../support/kernel-load.ts'

const usable = kernelUsable()
const title = usable.ok ? 'the kernel computes as arith/alu does' : `arithmetic (skipped: ${usable.reason})`

const VALUES = [
  ...[0n, 1n, 2n, 33n, 64n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0001n, 0x7fff_ffff_ffff_ffffn],
  ...[0x8000_0000_0000_0000n, 0xffff_ffff_ffff_fff9n, 0xffff_ffff_ffff_ffffn],
]
const PAIRS = VALUES.flatMap((a) => VALUES.map((b) => [a, b] as const))
const WIDTHS = [32, 64] as const
const SIZE = PAIRS.length * 16

/** r8 = a, r9 = b; `compute` leaves the result in r8. */
function program(compute: (b: bigint) => readonly Insn[]): Insn[] {
  return [
    build.load(32, 7, 1, 0),
    build.load(32, 2, 1, 4),
    build.mov64Reg(3, 7),
    build.alu64Imm('add', 3, SIZE),
    build.jumpReg('ule', 3, 2, 2),
    build.mov64Imm(0, 1),
    build.exit(),
    ...PAIRS.flatMap(([, b], i) => [
      build.load(64, 8, 7, 16 * i),
      build.load(64, 9, 7, 16 * i + 8),
      ...compute(b),
      build.storeReg(64, 7, 16 * i, 8),
    ]),
    build.mov64Imm(0, 2),
    build.exit(),
  ]
}

function results(compute: (b: bigint) => readonly Insn[]): bigint[] {
  const packet = new DataView(new ArrayBuffer(SIZE))
  for (const [i, [a, b]] of PAIRS.entries()) {
    packet.setBigUint64(16 * i, a, true)
    packet.setBigUint64(16 * i + 8, b, true)
  }
  const { retval, data } = runOnPacket(program(compute), new Uint8Array(packet.buffer))
  expect(retval).toBe(2)
  const view = new DataView(data.buffer)
  return PAIRS.map((_, i) => view.getBigUint64(16 * i, true))
}

const fitsImmediate = (b: bigint): boolean => BigInt.asUintN(64, BigInt.asIntN(32, b)) === b
/** The verifier refuses constant zero divisors and shift counts outside the width. */
function legalImmediate(op: BinaryOpName, width: 32 | 64, b: bigint): boolean {
  if (/div|mod/.test(op)) return b !== 0n
  return !/sh/.test(op) || b < BigInt(width)
}

describe.skipIf(!usable.ok)(title, () => {
  for (const op of Object.keys(ALU_CODE) as BinaryOpName[])
    for (const width of WIDTHS) {
      it(`${op} of registers, ${width} bits`, () => {
        const actual = results(() => [build.aluReg(op, width, 8, 9)])
        expect(actual).toEqual(PAIRS.map(([a, b]) => alu[op](a, b, width)))
      })

      it(`${op} of an immediate, ${width} bits`, () => {
        const usesImmediate = (b: bigint) => fitsImmediate(b) && legalImmediate(op, width, b)
        const actual = results((b) =>
          usesImmediate(b) ? [build.aluImm(op, width, 8, Number(BigInt.asIntN(32, b)))] : [],
        )
        expect(actual).toEqual(PAIRS.map(([a, b]) => (usesImmediate(b) ? alu[op](a, b, width) : a)))
      })
    }

  for (const pred of Object.keys(JUMP_CODE) as Pred[])
    for (const width of WIDTHS)
      it(`${pred}, ${width} bits`, () => {
        const branch = build.branchReg(pred, { width, dst: 8, off: 2 }, 9)
        const actual = results(() => [branch, build.mov64Imm(8, 0), build.jump(1), build.mov64Imm(8, 1)])
        expect(actual).toEqual(PAIRS.map(([a, b]) => (compare(pred, a, b, width) ? 1n : 0n)))
      })

  for (const bits of [16, 32, 64] as const)
    it(`byte order, ${bits} bits`, () => {
      expect(results(() => [build.toBigEndian(8, bits)])).toEqual(PAIRS.map(([a]) => byteSwap(a, bits)))
      expect(results(() => [build.toLittleEndian(8, bits)])).toEqual(PAIRS.map(([a]) => BigInt.asUintN(bits, a)))
    })

  it('neg', () => {
    for (const width of WIDTHS)
      expect(results(() => [build.neg(width, 8)])).toEqual(PAIRS.map(([a]) => alu.sub(0n, a, width)))
  })
})
