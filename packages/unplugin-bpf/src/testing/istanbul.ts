/** Coverage in istanbul's form, which vitest's reporters take: a statement per line, a function per program. */
import type { Coverage, FileCoverage } from './coverage.ts'

interface Range {
  readonly start: { readonly line: number; readonly column: number }
  readonly end: { readonly line: number; readonly column: number }
}

export interface IstanbulFile {
  readonly path: string
  readonly statementMap: Readonly<Record<string, Range>>
  readonly s: Readonly<Record<string, number>>
  readonly fnMap: Readonly<Record<string, { name: string; decl: Range; loc: Range; line: number }>>
  readonly f: Readonly<Record<string, number>>
  readonly branchMap: Readonly<Record<string, never>>
  readonly b: Readonly<Record<string, never>>
}

export type IstanbulCoverage = Readonly<Record<string, IstanbulFile>>

export function istanbulCoverage({ files }: Coverage): IstanbulCoverage {
  return Object.fromEntries(files.map((file) => [file.path, istanbulFile(file)]))
}

/** A source of ours: the module that a bundler made of it is no code of its author. */
export function isKernelSource(path: string): boolean {
  return /\.bpf\.(lisp|ts)(\?|$)/.test(path)
}

function istanbulFile({ path, lines, texts, functions }: FileCoverage): IstanbulFile {
  const rangeOf = (line: number): Range => {
    const text = texts.get(line) ?? ''
    return { start: { line, column: text.length - text.trimStart().length }, end: { line, column: text.length } }
  }
  const numbered = [...lines].map(([line, hits], i) => ({ id: String(i), line, hits }))
  const named = [...functions].map(([name, { line, hits }], i) => ({ id: String(i), name, line, hits }))
  return {
    path,
    statementMap: Object.fromEntries(numbered.map(({ id, line }) => [id, rangeOf(line)])),
    s: Object.fromEntries(numbered.map(({ id, hits }) => [id, hits])),
    fnMap: Object.fromEntries(
      named.map(({ id, name, line }) => [id, { name, line, decl: rangeOf(line), loc: rangeOf(line) }]),
    ),
    f: Object.fromEntries(named.map(({ id, hits }) => [id, hits])),
    branchMap: {},
    b: {},
  }
}
