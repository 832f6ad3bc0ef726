/** `asm`: one raw instruction. */
import type { Form } from '../../forms/node.ts'
import { at } from '../build.ts'
import type { Call, Cx, SpecialForm } from '../context.ts'
import { syntaxError } from '../syntax.ts'
import { constantInteger } from '../translate.ts'
import { form } from './shared.ts'

/** Operand ranges: name, least, most. */
const FIELDS = [
  ['opcode', 0n, 255n],
  ['dst', 0n, 10n],
  ['src', 0n, 10n],
  ['offset', -32768n, 32767n],
  ['immediate', -(1n << 31n), (1n << 32n) - 1n],
] as const

function translateAsm(cx: Cx, call: Call): Form {
  const [opcode, dst, src, off, imm] = FIELDS.map(([name, least, most], i) => {
    const stx = call.args[i]!
    const value = BigInt.asIntN(64, constantInteger(cx, stx, `the ${name} of \`asm\``))
    if (value < least || value > most)
      throw syntaxError('bad-option', stx, `the ${name} of \`asm\` is ${least} to ${most}, got ${value}`)
    return Number(name === 'immediate' ? BigInt.asIntN(32, value) : value)
  }) as [number, number, number, number, number] // FIELDS has five rows
  return { kind: 'asm', opcode, dst, src, off, imm, ...at(call.stx) }
}

export const ASSEMBLY_FORMS: Readonly<Record<string, SpecialForm>> = {
  ASM: form('opcode dst src offset immediate', 'One raw instruction; has the value of r0.', translateAsm),
}
