import { describe, expect, it } from 'vitest'
import { Bag } from '../../../packages/core/src/diag/diagnostic.ts'
import { sourceFile } from '../../../packages/core/src/diag/source.ts'
import { NIL, type Value } from '../../../packages/core/src/lisp/datum.ts'
import { evaluate } from '../../../packages/core/src/lisp/eval.ts'
import { LispError, makeInterp } from '../../../packages/core/src/lisp/interp.ts'
import { printDatum } from '../../../packages/core/src/lisp/print.ts'
import { readAll } from '../../../packages/core/src/lisp/reader.ts'
import { FUNCTIONS, LANGUAGE, OPERATORS } from '../../../packages/core/src/lisp/stdlib/index.ts'
import { CASES } from './eval-cases.ts'

function run(text: string, macroSteps = 100_000): string {
  const interp = makeInterp(
    macroSteps,
    { sizeOf: () => 4n, constant: (name) => (name.name === 'XDP_PASS' ? 2n : undefined), macro: () => undefined },
    LANGUAGE,
  )
  const bag = new Bag()
  let result: Value = NIL
  try {
    for (const { datum } of readAll(sourceFile('t', text), { features: new Set() }, bag))
      result = evaluate(interp, datum, undefined)
  } catch (error) {
    if (error instanceof LispError) return `${error.code}: ${error.message}`
    throw error
  }
  expect(bag.diagnostics).toEqual([])
  return printDatum(result) + (interp.output.length > 0 ? ` / ${interp.output.join('')}` : '')
}

describe('compile-time language', () => {
  it.each(CASES)('%s => %s', (text, expected) => {
    expect(run(text)).toBe(expected)
  })

  it('every function and operator has a case', () => {
    const text = CASES.map(([source]) => source.toUpperCase()).join('\n')
    const names = [...FUNCTIONS.keys(), ...OPERATORS.keys()].filter(
      (n) => !['UNQUOTE', 'UNQUOTE-SPLICING', 'QUASIQUOTE', 'FUNCTION', 'QUOTE'].includes(n),
    )
    const missing = names.filter(
      (name) => !new RegExp(`[(']${name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}[\\s)]`).test(text),
    )
    expect(missing).toEqual([])
  })
})

describe('limits', () => {
  it('stops endless loops', () => {
    expect(run('(loop)')).toContain('macro-limit')
    expect(run('(do () (nil))')).toContain('macro-limit')
    expect(run('(labels ((f () (f))) (f))', 1000)).toContain('macro-limit')
  })
  it('handler-case does not catch the limit', () => {
    expect(run('(handler-case (loop) (error () 1))')).toContain('macro-limit')
  })
})
