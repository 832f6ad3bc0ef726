/**
 * Coverage of kernel code by source line. The lines that count are those that the compiled program has instructions
 * for; a line ran as often as the most frequent of its instructions, added up over programs. There is no branch
 * coverage: most branches of a compiled program are checks that the verifier wants and that never fail.
 */
import { resolve } from 'node:path'
import type { CountedProgram } from './recorder.ts'

type Counted = Pick<CountedProgram, 'spec' | 'lineOf' | 'counts'>

export interface FileCoverage {
  /** Absolute path. */
  readonly path: string
  /** Runs by line number (1-based), in the order of lines. */
  readonly lines: ReadonlyMap<number, number>
  /** Text of a line, for reports. */
  readonly texts: ReadonlyMap<number, string>
  readonly functions: ReadonlyMap<string, { readonly line: number; readonly hits: number }>
}

export interface CoverageSummary {
  readonly total: number
  readonly covered: number
  /** 0 to 100; 100 for a file without lines. */
  readonly percent: number
}

export interface Coverage {
  readonly files: readonly FileCoverage[]
  readonly summary: CoverageSummary
  /** An lcov tracefile (`geninfo(1)`), with absolute paths. */
  lcov(): string
  /** A table: file, share of lines, lines that never ran. */
  text(): string
}

interface MutableFile extends FileCoverage {
  readonly lines: Map<number, number>
  readonly texts: Map<number, string>
  readonly functions: Map<string, { line: number; hits: number }>
}

export function coverageOf(programs: Iterable<Counted>): Coverage {
  const files = new Map<string, MutableFile>()
  for (const program of programs) addProgram(files, program)
  return report(files)
}

/** Sums of several coverages: of all simulations of a test run. */
export function mergeCoverage(coverages: Iterable<Coverage>): Coverage {
  const files = new Map<string, MutableFile>()
  for (const { files: parts } of coverages) {
    for (const part of parts) {
      const file = fileFor(files, part.path)
      for (const [line, hits] of part.lines) file.lines.set(line, (file.lines.get(line) ?? 0) + hits)
      for (const [line, text] of part.texts) file.texts.set(line, text)
      for (const [name, { line, hits }] of part.functions) addFunction(file, name, { line, hits })
    }
  }
  return report(files)
}

function addProgram(files: Map<string, MutableFile>, { spec, lineOf, counts }: Counted): void {
  const here = new Map<MutableFile, Map<number, number>>()
  for (const [i, index] of lineOf.entries()) {
    const info = spec.lines[index]
    if (info === undefined) continue
    const file = fileFor(files, resolve(info.file))
    file.texts.set(info.line, info.text)
    const lines = here.get(file) ?? new Map<number, number>()
    here.set(file, lines)
    lines.set(info.line, Math.max(lines.get(info.line) ?? 0, counts[i]!))
  }
  for (const [file, lines] of here) {
    for (const [line, hits] of lines) file.lines.set(line, (file.lines.get(line) ?? 0) + hits)
  }
  const first = spec.lines[0]
  if (first !== undefined) {
    addFunction(fileFor(files, resolve(first.file)), spec.name, { line: first.line, hits: counts[0] ?? 0 })
  }
}

function addFunction(file: MutableFile, name: string, { line, hits }: { line: number; hits: number }): void {
  const known = file.functions.get(name)
  file.functions.set(name, { line: known?.line ?? line, hits: (known?.hits ?? 0) + hits })
}

function fileFor(files: Map<string, MutableFile>, path: string): MutableFile {
  const known = files.get(path)
  if (known) return known
  const made = { path, lines: new Map(), texts: new Map(), functions: new Map() }
  files.set(path, made)
  return made
}

function report(files: ReadonlyMap<string, MutableFile>): Coverage {
  const sorted = [...files.values()]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((file) => ({ ...file, lines: new Map([...file.lines].sort(([a], [b]) => a - b)) }))
  return {
    files: sorted,
    summary: summarise(sorted),
    lcov: () => sorted.map(lcovOf).join(''),
    text: () => table(sorted),
  }
}

function summarise(files: readonly FileCoverage[]): CoverageSummary {
  const hits = files.flatMap((file) => [...file.lines.values()])
  const covered = hits.filter((n) => n > 0).length
  return { total: hits.length, covered, percent: hits.length === 0 ? 100 : (100 * covered) / hits.length }
}

function lcovOf({ path, lines, functions }: FileCoverage): string {
  const called = [...functions.values()].filter(({ hits }) => hits > 0).length
  return [
    'TN:',
    `SF:${path}`,
    ...[...functions].map(([name, { line }]) => `FN:${line},${name}`),
    ...[...functions].map(([name, { hits }]) => `FNDA:${hits},${name}`),
    `FNF:${functions.size}`,
    `FNH:${called}`,
    ...[...lines].map(([line, hits]) => `DA:${line},${hits}`),
    `LF:${lines.size}`,
    `LH:${[...lines.values()].filter((hits) => hits > 0).length}`,
    'end_of_record\n',
  ].join('\n')
}

function table(files: readonly FileCoverage[]): string {
  const rows = files.map((file) => {
    const { covered, total, percent } = summarise([file])
    return [shortPath(file.path), `${percent.toFixed(1)}%`, `${covered}/${total}`, ranges(file.lines)]
  })
  const all = [['file', 'lines', '', 'not run'], ...rows]
  const widths = [0, 1, 2].map((i) => Math.max(...all.map((row) => row[i]!.length)))
  const line = ([name, percent, count, missing]: string[]) =>
    `${name!.padEnd(widths[0]!)}  ${percent!.padStart(widths[1]!)}  ${count!.padStart(widths[2]!)}  ${missing}`.trimEnd()
  return all.map(line).join('\n')
}

function shortPath(path: string): string {
  const base = `${resolve('.')}/`
  return path.startsWith(base) ? path.slice(base.length) : path
}

/** `4-6, 9`: lines that never ran; neighbours in the list of lines that count are one range. */
function ranges(lines: ReadonlyMap<number, number>): string {
  const parts: [number, number][] = []
  let open = false
  for (const [line, hits] of lines) {
    if (hits > 0) open = false
    else if (open) parts.at(-1)![1] = line
    else {
      parts.push([line, line])
      open = true
    }
  }
  return parts.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
}
