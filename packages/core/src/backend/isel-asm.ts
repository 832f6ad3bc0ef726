/**
 * Raw instructions. Their registers are physical and stay as written; r0..r5 and the destination count as changed, and
 * between raw instructions that follow each other nothing else touches them. The result is r0 after the last one.
 */
import { Abort } from '../diag/diagnostic.ts'
import type { Inst, InstOf } from '../ssa/inst.ts'
import { CLASS } from '../tables/opcodes.ts'
import { OP } from './encoding.ts'
import type { IselContext } from './isel-context.ts'
import { move, resultReg } from './isel-context.ts'
import type { Wide } from './mach.ts'
import { mach } from './mach.ts'

const SCRATCH = 0b111111
const LD_IMM64 = 0x18

export function selectAsm(cx: IselContext, inst: InstOf<'asm'>): void {
  const { opcode, dst, src, off, imm } = inst.attr
  const previous = neighbour(inst, -1)
  const next = neighbour(inst, 1)
  // Second half of ld_imm64: already part of the first.
  if (opcode === 0 && previous?.attr.opcode === LD_IMM64) {
    result(cx, inst)
    return
  }
  const kind = opcode & 7
  if ((kind === CLASS.JMP || kind === CLASS.JMP32) && opcode !== OP.CALL) {
    throw new Abort('unsupported', inst.span, 'asm cannot jump or exit: the instructions around it are placed freely', {
      hint: 'use if, return or a loop form',
    })
  }
  cx.block.insts.push({
    ...mach(opcode, { dst, src, off, imm, wide: wideOf(inst, next), span: cx.span }),
    raw: true,
    dstRole: 0,
    srcRole: 0,
    // Registers that an earlier raw instruction may have set.
    uses: previous ? SCRATCH : 0,
    defs: SCRATCH | (dst < 10 ? 1 << dst : 0),
  })
  result(cx, inst)
}

function result(cx: IselContext, inst: InstOf<'asm'>): void {
  if (inst.uses.size > 0) move(cx, resultReg(cx, inst), 0)
}

/** The raw instruction before or after; constants make no code of their own and do not separate. */
function neighbour(inst: Inst, step: 1 | -1): InstOf<'asm'> | undefined {
  const insts = inst.block!.insts
  let at = insts.indexOf(inst) + step
  while (insts[at]?.op === 'const') at += step
  const found = insts[at]
  return found?.op === 'asm' ? found : undefined
}

function wideOf(inst: InstOf<'asm'>, next: InstOf<'asm'> | undefined): Wide | undefined {
  if (inst.attr.opcode !== LD_IMM64) return undefined
  if (next?.attr.opcode !== 0) {
    throw new Abort('bad-syntax', inst.span, 'a 64-bit immediate (opcode 0x18) takes two asm forms', {
      hint: 'put (asm 0 0 0 0 HIGH) right after it, with the upper 32 bits',
    })
  }
  const low = BigInt.asUintN(32, BigInt(inst.attr.imm))
  return { kind: 'const', value: (BigInt.asUintN(32, BigInt(next.attr.imm)) << 32n) | low }
}
