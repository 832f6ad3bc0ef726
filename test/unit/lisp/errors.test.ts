import { describe, expect, it } from 'vitest'
import { lineColumn } from '../../../packages/core/src/diag/source.ts'
import { BODY_ERRORS, TOP_ERRORS } from './error-cases.ts'
import { problem, read } from './support.ts'

describe('errors in program bodies', () => {
  it.each(BODY_ERRORS)('%s', (body, expected) => {
    expect(problem(body)).toBe(expected)
  })
})

describe('errors at top level', () => {
  for (const [text, ...expected] of TOP_ERRORS) {
    it(text, () => {
      const found = read(text).bag.diagnostics.map((d) => {
        const column = d.span ? lineColumn(d.span.file, d.span.start).column : '-'
        return `${column} ${d.code}: ${d.message}${d.hint ? ` | ${d.hint}` : ''}`
      })
      expect(found).toEqual(expected)
    })
  }
})

describe('recovery and trails', () => {
  it('shows several errors of one file', () => {
    const { problems } = read(`(defmap a :type :hash :key-size 4 :value-size 8)
(defstruct s (x u99))
(defprog p (:type :xdp)
  (foo)
  (getmap b 0))
(defprog q (:type :xdp) nope)`)
    expect(problems).toEqual([
      '1:1 missing-option',
      '2:17 bad-type',
      '4:4 unknown-form',
      '5:11 unknown-map',
      '6:25 unbound-variable',
    ])
  })

  it('an error in what a macro made is reported at the call, with the macros as notes', () => {
    const { bag } = read(`(defmacro inner () '(nosuch 1))
(defmacro outer () '(inner))
(defprog p (:type :xdp)
  (outer))`)
    const [d] = bag.diagnostics
    expect(lineColumn(d!.span!.file, d!.span!.start)).toEqual({ line: 4, column: 3 })
    expect(d!.notes.map((n) => n.message)).toEqual(['in the expansion of `inner`', 'in the expansion of `outer`'])
    expect(d!.notes[0]!.span!.start).toBe(0)
  })

  it('an error inside a macro names the place in the macro', () => {
    const { bag } = read('(defmacro m (x)\n  (car x))\n(defprog p (:type :xdp) (m 5))')
    const note = bag.diagnostics[0]!.notes[0]!
    expect(lineColumn(note.span!.file, note.span!.start)).toEqual({ line: 2, column: 3 })
  })

  it('included files are read once, and errors in them have their file', () => {
    const files: Record<string, string> = {
      './macros.lisp': '(defmacro two () 2)\n(include "./more.lisp")\n(include "./macros.lisp")',
      './more.lisp': '(defconstant +x+ 5)\n(defmap bad :type :nosuch)',
    }
    const host = { readText: (path: string) => (path in files ? { name: path, text: files[path]! } : undefined) }
    const { module, bag } = read(
      '(include "./macros.lisp")\n(load "whistler.lisp")\n(defprog p (:type :xdp) (+ (two) +x+))',
      host,
    )
    expect(module.files.map((f) => f.name)).toEqual(['test.bpf.lisp', './macros.lisp', './more.lisp'])
    expect(bag.diagnostics.map((d) => `${d.span!.file.name} ${d.code}`)).toEqual(['./more.lisp bad-option'])
    expect(module.programs[0]!.body).toMatchObject({ kind: 'const', value: 7n })
  })
})

describe('ring buffer records', () => {
  const start = '(defstruct s (x u32)) (defmap r :type :ringbuf :max-entries 4096) (defprog p (:type :xdp) '
  it.each([
    ['(with-ringbuf (e r (sizeof s)) (when (ctx ingress-ifindex) (ringbuf-discard e 0) (return 1)))', []],
    ['(with-ringbuf (e r (sizeof s)) (if (ctx ingress-ifindex) (return 1)))', ['ringbuf-leak']],
    ['(let ((e (ringbuf-reserve r 4 0))) (unless e (return 1)) (ringbuf-submit e 0))', []],
    ['(let ((e (ringbuf-reserve r 4 0))) (if (= e 0) 1 (ringbuf-submit e 0)))', []],
    ['(let ((e (ringbuf-reserve r 4 0))) (if (and e (ctx ingress-ifindex)) (ringbuf-submit e 0)))', ['ringbuf-leak']],
    [
      '(let ((e (ringbuf-reserve r 4 0))) (when e (if (ctx ingress-ifindex) (ringbuf-submit e 0) (ringbuf-discard e 0))))',
      [],
    ],
    [
      '(let ((e (ringbuf-reserve r 4 0))) (when e (when (ctx ingress-ifindex) (ringbuf-submit e 0)) (ringbuf-submit e 0)))',
      ['ringbuf-leak'],
    ],
    [
      '(let ((e (ringbuf-reserve r 4 0))) (when e (dotimes (i 3) (ringbuf-submit e 0))))',
      ['ringbuf-leak', 'ringbuf-leak'],
    ],
    ['(block b (with-ringbuf (e r (sizeof s)) (ringbuf-discard e 0) (return-from b 1)))', []],
    ['(with-ringbuf (e r (sizeof s)) (with-ringbuf (f r (sizeof s)) 1))', []],
  ])('%s', (body, expected) => {
    expect(read(`${start}${body} 0)`).bag.diagnostics.map((d) => d.code)).toEqual(expected)
  })
})
