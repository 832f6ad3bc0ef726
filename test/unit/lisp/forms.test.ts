import { describe, expect, it } from 'vitest'
import { ARITH_FORMS } from '../../../packages/core/src/lisp/forms/arith.ts'
import { ASSEMBLY_FORMS } from '../../../packages/core/src/lisp/forms/assembly.ts'
import { BINDING_FORMS } from '../../../packages/core/src/lisp/forms/binding.ts'
import { CONTROL_FORMS } from '../../../packages/core/src/lisp/forms/control.ts'
import { MAP_FORMS } from '../../../packages/core/src/lisp/forms/maps.ts'
import { MEMORY_FORMS } from '../../../packages/core/src/lisp/forms/memory.ts'
import { PLACE_TABLE } from '../../../packages/core/src/lisp/forms/places.ts'
import { FORM_CASES } from './form-cases.ts'
import { forms, read } from './support.ts'

describe('core forms', () => {
  for (const [body, expected, options] of FORM_CASES) {
    it(`${body} ${options ?? ''}`, () => expect(forms(body, options)).toBe(expected))
  }

  it('every built-in form has a case', () => {
    const text = FORM_CASES.map(([body]) => body.toUpperCase()).join('\n')
    // Forms that need the types of a kernel are tested with one, in test/kernel.
    const tables = [BINDING_FORMS, PLACE_TABLE, CONTROL_FORMS, ARITH_FORMS, MEMORY_FORMS, MAP_FORMS, ASSEMBLY_FORMS]
    const offered = tables.flatMap((table) => Object.keys(table))
    const missing = offered.filter(
      (name) => !new RegExp(`\\(${name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}[\\s)]`).test(text),
    )
    expect(missing).toEqual([])
  })
})

describe('printed expansion', () => {
  const expansion = (text: string): string => {
    const printed: string[] = []
    const trace = (event: { stage: string; print: () => string }) =>
      event.stage === 'expand' && printed.push(event.print())
    read(text, {}, { trace })
    return printed.join('\n')
  }
  it('shows a body without macros', () => {
    expect(
      expansion(`(defmacro twice (x) \`(+ ,x ,x))
(defprog p (:type :xdp)
  (let ((y u32 (twice 2))) (cond ((twice y) (macrolet ((m () '(twice 1))) (m)))))
  (case (twice 3) (1 2)))`),
    ).toBe(`(let ((y u32 (+ 2 2))) (cond ((+ y y) (progn (+ 1 1)))))
(let ((#:key0 (+ 3 3))) (cond ((= #:key0 1) 2)))`)
  })
  it('does not fail on bodies with errors', () => {
    expect(expansion('(defprog p (:type :xdp) (let 5) (case) (nosuch (when-let ((a 1)) a)))')).toBe(
      '(let 5)\n(case)\n(nosuch (let ((a 1)) (when a (progn a))))',
    )
  })
})
