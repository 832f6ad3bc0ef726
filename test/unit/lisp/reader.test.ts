import { describe, expect, it } from 'vitest'
import { Bag } from '../../../packages/core/src/diag/diagnostic.ts'
import { sourceFile } from '../../../packages/core/src/diag/source.ts'
import { isCons, type Value } from '../../../packages/core/src/lisp/datum.ts'
import { printDatum } from '../../../packages/core/src/lisp/print.ts'
import { readAll } from '../../../packages/core/src/lisp/reader.ts'

function readText(text: string, features: string[] = ['LINUX', 'X86-64']) {
  const bag = new Bag()
  const data = readAll(sourceFile('t.lisp', text), { features: new Set(features) }, bag)
  return { data, bag, codes: bag.diagnostics.map((d) => `${d.span?.start ?? '-'} ${d.code}`) }
}

const printed = (text: string): string =>
  readText(text)
    .data.map((d) => printDatum(d.datum))
    .join(' ')

describe('data', () => {
  it.each([
    ['(a B c)', '(a b c)'],
    ['(a . b)', '(a . b)'],
    ['(a . (b c))', '(a b c)'],
    ['()', 'nil'],
    ["'x `(a ,b ,@c)", "'x `(a ,b ,@c)"],
    ['``(a ,(b ,c))', '``(a ,(b ,c))'],
    ["#'car", "#'car"],
    ['#x10 #b101 #o17 -3 +4 12345678901234567890123', '16 5 15 -3 4 12345678901234567890123'],
    ['#x-ff 7.', '-255 7'],
    [':key :KEY', ':key :key'],
    ['|Odd name| |x|y', '|Odd name| |xY|'],
    ['whistler:defstruct whistler/loader::x', 'defstruct x'],
    ['"a\\"b\\\\c"', '"a\\"b\\\\c"'],
    ['#\\a #\\Space #\\( #\\newline', '#\\a #\\Space #\\( #\\Newline'],
    ['; comment\n(a #| block #| nested |# |# b)', '(a b)'],
    ['#+linux a #-linux b #+(and linux (not arm64)) c', 'a c'],
    ['(1 #+arm64 2 3)', '(1 3)'],
    ['#(1 2)', '#(1 2)'],
    ['#:g', '#:g'],
    ['1+ 1- + - /= >>>', '1+ 1- + - /= >>>'],
    ['\ufeff(a)', '(a)'],
  ])('%s reads as %s', (text, expected) => {
    expect(printed(text)).toBe(expected)
  })

  it('keeps the span of every datum', () => {
    const { data } = readText('  (foo bar\n "s" (baz))')
    const spans: string[] = []
    const walk = (value: Value): void => {
      for (let rest = value; isCons(rest); rest = rest.cdr) {
        spans.push(`${printDatum(rest.car)} ${rest.carSpan?.start}-${rest.carSpan?.end}`)
        walk(rest.car)
      }
    }
    walk(data[0]!.datum)
    expect(data[0]!.span).toMatchObject({ start: 2, end: 22 })
    expect(spans).toEqual(['foo 3-6', 'bar 7-10', '"s" 12-15', '(baz) 16-21', 'baz 17-20'])
  })
})

describe('errors', () => {
  it.each([
    ['', '0 empty-file'],
    [';; nothing\n', '0 empty-file'],
    ['a\0b', '- binary-file'],
    ['(a (b)', '0 unbalanced-parens'],
    ['(a))', '3 unbalanced-parens'],
    ['(a "b)', '3 unterminated-string'],
    ['1.5', '0 bad-token'],
    ['(1/2)', '1 bad-token'],
    ['0x1f', '0 bad-token'],
    ['#z', '0 bad-token'],
    ['#x12g', '0 bad-token'],
    ['#\\nosuch', '0 bad-token'],
    ['|abc', '0 bad-token'],
    ['(a . )', '5 bad-syntax'],
    ['( . a)', '2 bad-token'],
    ['(a . b c)', '7 bad-token'],
    ['#| open', '0 bad-token'],
    ["'", '0 unbalanced-parens'],
  ])('%j gives %s', (text, expected) => {
    expect(readText(text).codes).toEqual([expected])
  })

  it('goes on with the next form after an unclosed one', () => {
    const { data, bag } = readText('(defmap a :type :hash\n\n(defprog p () 1)\n(defprog q () 1\n(defprog r () 2)')
    expect(data.map((d) => printDatum(d.datum))).toContain('(defprog r nil 2)')
    expect(bag.diagnostics.map((d) => d.code)).toEqual(['unbalanced-parens', 'unbalanced-parens'])
    expect(bag.diagnostics[0]!.message).toContain('line 3')
  })

  it('does not mind a definition in column 1 inside a form that is closed', () => {
    expect(readText('(progn\n(defmap a)\n(defmap b))').codes).toEqual([])
  })

  it('refuses 10,000 nested parentheses without running out of stack', () => {
    expect(readText('('.repeat(10_000)).codes).toEqual(['400 nesting-too-deep'])
    expect(readText(`${'('.repeat(10_000)}${')'.repeat(10_000)}`).codes).toEqual(['400 nesting-too-deep'])
    expect(readText("'".repeat(10_000)).codes).toEqual(['400 nesting-too-deep'])
    expect(readText('('.repeat(300) + ')'.repeat(300)).codes).toEqual([])
  })
})
