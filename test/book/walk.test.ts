/**
 * Every Lisp block of the language book: compiled and loaded into this kernel, refused on purpose, or not for the kernel
 * at all; none is left out. The list is printed at the end.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { afterAll, describe, expect, it } from 'vitest'
import { compileLisp } from '../../packages/core/src/compile.ts'
import { CompileError } from '../../packages/core/src/diag/compile-error.ts'
import type { Diagnostic } from '../../packages/core/src/diag/diagnostic.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import { kernelData } from '../../packages/unplugin-bpf/src/kernel-data.ts'
import { SPEC } from '../support/shared.ts'
import { type Block, lispBlocks } from './blocks.ts'
import { complete, sessionPrograms } from './complete.ts'
import { PLAN } from './plan.ts'
import type { Cause, Treatment } from './treatment.ts'

const book = join(SPEC, 'whistler-book.txt')
const rulings = join(SPEC, 'language.md')
const kernel = kernelUsable()
const title = existsSync(book) ? 'the blocks of the book' : 'the blocks of the book (skipped: the book is not here)'

interface Entry {
  readonly block: Block
  readonly key: string
  readonly treatment: Treatment | undefined
}

describe.skipIf(!existsSync(book))(title, () => {
  const entries = existsSync(book) ? keyed(lispBlocks(readFileSync(book, 'utf8'))) : []
  const done = new Map<string, string>()

  it('all have a place in the plan, and the plan has no others', () => {
    expect(entries.filter(({ treatment }) => treatment === undefined).map(({ key }) => key)).toEqual([])
    expect(Object.keys(PLAN).sort()).toEqual(entries.map(({ key }) => key).sort())
  })

  for (const { block, key, treatment } of entries) {
    if (treatment === undefined) continue
    it(`line ${block.line}: ${key}: ${treatment.as}${kernel.ok ? '' : ' (compiled, not loaded)'}`, () => {
      done.set(key, treat(block, treatment))
    })
  }

  it('none is left out', () => {
    const count = (as: Treatment['as']) => entries.filter(({ treatment }) => treatment?.as === as).length
    const kinds = ['program', 'session', 'refused', 'user side', 'no Lisp'] as const
    expect(kinds.reduce((sum, as) => sum + count(as), 0)).toBe(entries.length)
    expect(done.size).toBe(entries.length)
    expect(count('program')).toBeGreaterThan(100)
  })

  afterAll(() => {
    const lines = entries.map(
      ({ block, key }) => `  ${String(block.line).padStart(4)}  ${done.get(key) ?? 'FAILED'}: ${key}`,
    )
    console.log(`${entries.length} blocks of the book\n${lines.join('\n')}`)
  })
})

/** Does with the block what the plan says; returns what the list says of it. */
function treat(block: Block, treatment: Treatment): string {
  switch (treatment.as) {
    case 'program': {
      const { warning } = treatment
      expect(load(complete(block.text, treatment))).toEqual(warning ? [warning.code] : [])
      return warning ? `loaded, with a warning [${warning.code}] ${because(warning)}` : 'loaded'
    }
    case 'session':
      expect(errorsOf(block.text)).toContain(treatment.code)
      load(complete(sessionPrograms(block.text), treatment))
      return 'kernel half loaded, the rest is user side'
    case 'refused': {
      const { cause, mend, replace = [] } = treatment
      expect(errorsOf(complete(block.text, treatment))).toEqual([cause.code])
      load(complete(block.text, { ...treatment, replace: [...mend, ...replace] }))
      return `refused [${cause.code}] ${because(cause)}; mended, it loads`
    }
    default:
      return `${treatment.as} (${treatment.reason})`
  }
}

/** Compiles and loads; returns the codes of warnings. */
function load(text: string): string[] {
  const { object, warnings } = compileLisp(sourceFile('book.bpf.lisp', text), kernelData(undefined))
  if (kernel.ok) loadKernelObject(object).close()
  return codesOf(warnings)
}

/** Codes of the errors that the compiler finds. */
function errorsOf(text: string): string[] {
  try {
    compileLisp(sourceFile('book.bpf.lisp', text), kernelData(undefined))
  } catch (error) {
    if (error instanceof CompileError) return codesOf(error.diagnostics)
    throw error
  }
  return []
}

const codesOf = (diagnostics: readonly Diagnostic[]): string[] => [...new Set(diagnostics.map(({ code }) => code))]

/** The ruling has to be there. */
function because({ ruling }: Cause): string {
  if (existsSync(rulings)) expect(readFileSync(rulings, 'utf8')).toContain(ruling)
  return `after the ruling "${ruling} ..."`
}

/** Blocks with their names in the plan. */
function keyed(blocks: readonly Block[]): Entry[] {
  const seen = new Map<string, number>()
  return blocks.map((block) => {
    const first = block.text.split('\n')[0]!.trim()
    const count = (seen.get(first) ?? 0) + 1
    seen.set(first, count)
    const key = count === 1 ? first : `${first} #${count}`
    return { block, key, treatment: PLAN[key] }
  })
}
