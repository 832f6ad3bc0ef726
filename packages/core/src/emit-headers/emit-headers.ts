/** The languages of `--gen`, in one table: file name after the book, and what goes into the file. */
import type { Module } from '../forms/module.ts'
import { emitC } from './c.ts'
import { emitGo } from './go.ts'
import { type HeaderInput, headerInput } from './header-input.ts'
import { emitLisp } from './lisp.ts'
import { emitPython } from './python.ts'
import { emitRust } from './rust.ts'
import { emitTs } from './ts.ts'

interface HeaderRow {
  /** Added to the base name of the object. */
  readonly suffix: string
  readonly emit: (input: HeaderInput, base: string) => string
}

const HEADERS = {
  c: { suffix: '.h', emit: emitC },
  go: { suffix: '_types.go', emit: (input) => emitGo(input) },
  rust: { suffix: '_types.rs', emit: emitRust },
  python: { suffix: '_types.py', emit: emitPython },
  lisp: { suffix: '_types.lisp', emit: emitLisp },
  ts: { suffix: '_types.ts', emit: emitTs },
} as const satisfies Record<string, HeaderRow>

export type HeaderLanguage = keyof typeof HEADERS
export const HEADER_LANGUAGES = Object.keys(HEADERS) as HeaderLanguage[] // `keys` is typed string[]

export interface HeaderFile {
  readonly name: string
  readonly text: string
}

/** One file per language; `base` is the object's name without `.bpf.o`. */
export function emitHeaders(module: Module, base: string, languages: readonly HeaderLanguage[]): HeaderFile[] {
  const input = headerInput(module)
  return languages.map((language) => {
    const row: HeaderRow = HEADERS[language]
    return { name: `${base}${row.suffix}`, text: row.emit(input, base) }
  })
}
