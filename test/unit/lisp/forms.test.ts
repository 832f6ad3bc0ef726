import { describe, expect, it } from 'vitest'
import { SPECIAL_FORMS } from '../../../packages/core/src/lisp/special-forms.ts'
import { FORM_CASES } from './form-cases.ts'
import { forms } from './support.ts'

describe('core forms', () => {
  for (const [body, expected, options] of FORM_CASES) {
    it(`${body} ${options ?? ''}`, () => expect(forms(body, options)).toBe(expected))
  }

  it('every built-in form has a case', () => {
    const text = FORM_CASES.map(([body]) => body.toUpperCase()).join('\n')
    const offered = [...SPECIAL_FORMS].filter(([, row]) => row.doc !== 'Not in this version.').map(([name]) => name)
    const missing = offered.filter(
      (name) => !new RegExp(`\\(${name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}[\\s)]`).test(text),
    )
    expect(missing).toEqual([])
  })
})
