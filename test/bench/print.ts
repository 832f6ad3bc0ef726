/** The benchmark's tables. */
import Table from 'cli-table3'
import type { KernelFigures } from './kernel.ts'
import type { LoaderRow } from './loader.ts'
import type { PassRow } from './passes.ts'
import { geometricMean, KINDRED, PROGRAMS } from './slots.ts'
import type { ScaleRow, SpeedRow } from './speed.ts'
import type { StageTimes } from './stages.ts'
import type { StartTimes } from './start.ts'

export interface Row {
  readonly name: string
  readonly ours: number
  readonly clang: number
  readonly ratio: number
  readonly kernel: { ours: KernelFigures; clang: KernelFigures | undefined } | undefined
  readonly compileMs: number
  readonly stages: StageTimes
}

/** First column to the left, numbers to the right. */
function table(head: readonly string[]): Table.Table {
  return new Table({
    head: [...head],
    colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  })
}

export function printRows(title: string, rows: readonly Row[]): void {
  const stages = ['lisp', 'ssa', 'opt', 'backend', 'object'] as const
  const lines = table([title, 'slots', 'clang', 'ratio', 'verified', 'jited bytes', 'run ns', 'compile ms', ...stages])
  for (const { name, ours, clang, ratio, kernel, compileMs, stages: times } of rows) {
    const figures = [pair(kernel, (f) => f.verified, 0), pair(kernel, (f) => f.jited, 0), pair(kernel, (f) => f.ns, 1)]
    const ms = stages.map((stage) => times[stage].toFixed(1))
    lines.push([name, ours, clang, ratio.toFixed(2), ...figures, compileMs.toFixed(1), ...ms])
  }
  const mean = geometricMean(rows.map((row) => row.ratio)).toFixed(3)
  lines.push(['geometric mean', '', '', mean, ...Array(9).fill('')])
  console.log(lines.toString())
  console.log(
    'clang: least of 14, 16, 19. verified, jited bytes, run ns: ours / clang. ms: median and means of CPU time\n',
  )
}

function pair(kernel: Row['kernel'], pick: (figures: KernelFigures) => number | undefined, digits: number): string {
  const show = (figures: KernelFigures | undefined) => (figures && pick(figures))?.toFixed(digits) ?? '-'
  return kernel ? `${show(kernel.ours)} / ${show(kernel.clang)}` : '-'
}

export function printSpeed(rows: readonly SpeedRow[]): void {
  const lines = table(['compilation in process', 'ms', 'goal'])
  for (const { source, ms, limit } of rows) lines.push([source, ms.toFixed(1), limit ? `< ${limit}` : ''])
  console.log(`${lines}\n`)
}

export function printTs(rows: readonly (SpeedRow & { readonly again: number })[]): void {
  const lines = table(['.bpf.ts', 'first ms', 'again ms'])
  for (const { source, ms, again } of rows) lines.push([source, ms.toFixed(1), again.toFixed(1)])
  console.log(`${lines}\n`)
}

export function printScale(rows: readonly ScaleRow[]): void {
  const lines = table(['programs in one source', 'ms', 'ms each', 'peak MiB'])
  for (const { programs, ms, perProgram, peakMiB } of rows)
    lines.push([programs, ms.toFixed(0), perProgram.toFixed(2), peakMiB.toFixed(0)])
  console.log(`${lines}\n`)
}

export function printStart({ node, compile, withoutCache }: StartTimes): void {
  const lines = table(['whole process', 'ms', 'over node'])
  const rows = [
    ['node -e 0', node],
    ['unplugin-bpf compile count-xdp', compile],
    ['the same without its cache', withoutCache],
  ] as const
  for (const [name, ms] of rows) lines.push([name, ms.toFixed(0), (ms - node).toFixed(0)])
  console.log(lines.toString())
}

export function printPasses(rows: readonly PassRow[]): void {
  const programs = [...PROGRAMS, ...KINDRED]
  const lines = table(['without', ...programs, 'total'])
  for (const { without, slots } of rows) {
    const counts = programs.map((name) => slots[name]!)
    lines.push([without, ...counts, counts.reduce((a, b) => a + b, 0)])
  }
  console.log(lines.toString())
}

export function printLoader(rows: readonly LoaderRow[]): void {
  const lines = table(['loader against libbpf', 'ours ns', 'C ns', 'ratio', 'goal', ''])
  for (const { what, ours, c, goal, reached } of rows) {
    const number = (ns: number) => ns.toFixed(ns < 100 ? 1 : 0)
    const verdict = reached === undefined ? '' : reached ? 'reached' : 'missed'
    lines.push([what, number(ours), number(c), (ours / c).toFixed(3), goal, verdict])
  }
  console.log(lines.toString())
}
