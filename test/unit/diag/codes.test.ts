/** The table of diagnostic codes holds nothing that is never said, and nothing is said that no filetest shows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { globSync } from 'tinyglobby'
import { describe, expect, it } from 'vitest'
import { DIAGNOSTIC_CODES } from '../../../packages/core/src/diag/codes.ts'

const root = join(import.meta.dirname, '../../..')
const read = (pattern: string): string[] =>
  globSync(pattern, {
    cwd: root,
    absolute: true,
    ignore: ['**/diag/codes.ts', '**/node_modules/**', '**/dist/**'],
  }).map((path) => readFileSync(path, 'utf8'))
const sources = read('packages/*/src/**/*.ts').join('\n')
const filetests = read('test/filetests/**/*.bpf.{lisp,ts}').join('\n')

/** What no source text can bring about, with the test that does. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  // Objects come from files that others wrote.
  'bad-object': 'test/unit/object/fuzz.test.ts',
  // The module runs: filetests of .bpf.ts only compile what ran.
  'evaluation-error': 'test/ts/evaluate.test.ts',
  'evaluation-limit': 'test/ts/evaluate.test.ts',
}

describe.each(Object.keys(DIAGNOSTIC_CODES))('%s', (code) => {
  it('is used', () => {
    expect(sources).toContain(`'${code}'`)
  })
  it('has a filetest, or a test that is named here', () => {
    const elsewhere = ELSEWHERE[code]
    if (elsewhere !== undefined) expect(readFileSync(join(root, elsewhere), 'utf8')).toContain(code)
    else expect(filetests).toMatch(new RegExp(`(error|warning)(@\\d+:\\d+)?\\[${code}\\]`))
  })
  it('has a title', () => {
    expect(DIAGNOSTIC_CODES[code as keyof typeof DIAGNOSTIC_CODES]).toMatch(/^[A-Z].*[^.]$/)
  })
})
