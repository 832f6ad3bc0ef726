/** Integers that declarations need: evaluated as compile-time code, so that every expression of that language works. */
import type { ModuleState } from './context.ts'
import { evaluate } from './eval.ts'
import { evaluating } from './expand.ts'
import { printDatum } from './print.ts'
import { quoted, type Stx, syntaxError } from './syntax.ts'

export function declaredInteger(module: ModuleState, stx: Stx, what: string): number {
  const value = evaluating(module, stx, () => evaluate(module.interp, stx.datum, undefined))
  if (typeof value !== 'bigint') {
    throw syntaxError(
      'not-constant',
      stx,
      `${what} must be an integer, got ${quoted(stx)}${typeof stx.datum === 'object' ? ` = \`${printDatum(value)}\`` : ''}`,
    )
  }
  if (value < -(1n << 31n) || value > 0xffff_ffffn)
    throw syntaxError('bad-option', stx, `${what} is ${value}, which is out of range`)
  return Number(value)
}
