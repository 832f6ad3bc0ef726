import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DIAGNOSTIC_CODES } from '../../../packages/core/src/diag/codes.ts'
import { preludeDocs, preludeNames } from '../../../packages/core/src/lisp/prelude.ts'
import { SPECIAL_FORMS } from '../../../packages/core/src/lisp/special-forms.ts'
import { FUNCTIONS, OPERATORS } from '../../../packages/core/src/lisp/stdlib/index.ts'
import { TOP_FORMS } from '../../../packages/core/src/lisp/toplevel.ts'
import { HELPER_NAMES } from '../../../packages/core/src/tables/helpers/index.ts'
import { toLispName } from '../../../packages/core/src/tables/names.ts'
import { preludeModule } from '../../../scripts/gen-prelude.mjs'
import { randomFrom } from '../../support/random.ts'
import { FORM_CASES } from './form-cases.ts'
import { DECLARATIONS, read } from './support.ts'

describe('prelude', () => {
  it('the embedded text is that of prelude.bpf.lisp', () => {
    const embedded = readFileSync(
      new URL('../../../packages/core/src/lisp/generated/prelude.ts', import.meta.url),
      'utf8',
    )
    expect(embedded).toBe(preludeModule())
  })
  it('every macro has a documentation string', () => {
    expect(preludeDocs().filter((m) => m.doc === '')).toEqual([])
  })
  it('does not shadow built-in forms or helpers', () => {
    const taken = new Set([...[...SPECIAL_FORMS.keys()].map((n) => n.toLowerCase()), ...HELPER_NAMES.map(toLispName)])
    expect(preludeNames().filter((name) => taken.has(name))).toEqual([])
  })
})

describe('limits', () => {
  it('macros that build deep forms are stopped', () => {
    const deep =
      '(defmacro deep (n) (if (= n 0) 1 (let ((f 1)) (dotimes (i n) (setf f (list (quote +) f (quote (ctx ingress-ifindex))))) f)))'
    expect(read(`${deep} (defprog p (:type :xdp) (deep 300))`).problems).toEqual([])
    expect(read(`${deep} (defprog p (:type :xdp) (deep 3000))`).bag.diagnostics.map((d) => d.code)).toEqual([
      'nesting-too-deep',
    ])
    expect(read(`${deep} (defprog p (:type :xdp) (deep 100000))`).bag.diagnostics.map((d) => d.code)).toEqual([
      'nesting-too-deep',
    ])
  })
  it('a macro that never ends is stopped, and the next form is still read', () => {
    const { bag, module } = read('(defmacro m () (loop)) (m) (defprog p (:type :xdp) 1)', {}, { macroSteps: 10_000 })
    expect(bag.diagnostics.map((d) => d.code)).toEqual(['macro-limit'])
    expect(module.programs).toHaveLength(1)
  })
  it('a macro that grows without end is stopped', () => {
    const { bag } = read('(defmacro m (x) `(m (+ ,x ,x))) (defprog p (:type :xdp) (m 1))')
    expect(bag.diagnostics.map((d) => d.code)).toEqual(['macro-limit'])
  })
})

const ATOMS = [
  '0',
  '1',
  '-1',
  '64',
  '#xffffffffffffffff',
  'a',
  'data',
  'x',
  'u32',
  'u8',
  'arr',
  'tab',
  'events',
  'flow',
  '"s"',
  ':key',
  'nil',
  't',
  'XDP_PASS',
  '+eight+',
  'ingress-ifindex',
  '#\\a',
  '()',
  '(x 1)',
  '((x 1))',
  '(a u32)',
  '&rest',
  '`(a ,x)',
  "'q",
  ',x',
]
const HEADS = [
  ...SPECIAL_FORMS.keys(),
  ...OPERATORS.keys(),
  ...FUNCTIONS.keys(),
  ...Object.keys(TOP_FORMS),
  ...preludeNames(),
  ...HELPER_NAMES.map(toLispName),
  'make-flow', 'flow-src', 'flow-src-ptr', 'deep-name', 'eth-type', 'my-b', 'user-macro', 'user-quasi',
].map((n) => n.toLowerCase()) // biome-ignore format: one list

function randomForm(next: (below: number) => number, depth: number): string {
  if (depth === 0 || next(4) === 0) return ATOMS[next(ATOMS.length)]!
  if (next(6) === 0) return `(${Array.from({ length: next(3) }, () => randomForm(next, depth - 1)).join(' ')})`
  const operands = Array.from({ length: next(5) }, () => randomForm(next, depth - 1))
  return `(${[HEADS[next(HEADS.length)]!, ...operands].join(' ')})`
}

/** One of the working bodies with a part replaced. */
function mutated(next: (below: number) => number): string {
  const body = FORM_CASES[next(FORM_CASES.length)]![0]
  const tokens = body.match(/[()]|[^\s()]+/g)!
  const at = next(tokens.length)
  const change = next(3)
  if (change === 0) tokens.splice(at, 1)
  else if (change === 1) tokens[at] = randomForm(next, 2)
  else tokens.splice(at, 0, tokens[next(tokens.length)]!)
  return tokens.join(' ')
}

const MACROS = '(defmacro user-macro (&rest r) (car r)) (defmacro user-quasi (a &optional b) `(let ((x ,a)) ,b x))\n'

describe('fuzz: only diagnostics may come out', () => {
  const SEEDS = 600
  it.each(['random', 'mutated', 'top level', 'characters'])('%s', (kind) => {
    const known = new Set(Object.keys(DIAGNOSTIC_CODES))
    let accepted = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const next = randomFrom(seed).below
      let text: string
      if (kind === 'top level') text = DECLARATIONS + MACROS + randomForm(next, 4)
      else if (kind === 'characters')
        text = Array.from({ length: next(60) }, () => `()'\`,@#|"\\;:. \n+-x1a`[next(22)]).join('')
      else
        text = `${DECLARATIONS}${MACROS}(defprog p (:type :xdp) ${kind === 'random' ? randomForm(next, 4) : mutated(next)} 0)`
      try {
        const { bag } = read(text, {}, { macroSteps: 20_000 })
        if (!bag.hasErrors) accepted++
        for (const d of bag.diagnostics) {
          expect(known.has(d.code)).toBe(true)
          if (d.span) expect(d.span.start <= d.span.end && d.span.end <= d.span.file.text.length).toBe(true)
        }
      } catch (error) {
        throw new Error(`seed ${seed}: ${text}`, { cause: error })
      }
    }
    // The generator is worth something only if both outcomes happen.
    if (kind === 'mutated') expect(accepted).toBeGreaterThan(SEEDS / 20)
  })
})
