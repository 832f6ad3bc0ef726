/**
 * `npm run bench`: the eight programs against clang, as ratios in one run.
 *   passes    instead: slots of every program without each optional pass
 *   start     instead: the command as a whole process against node's own start
 *   --json    the rows for other tools
 * Times are minimums, or processor time, since the machine is shared; they are shown, never asserted.
 */
import Table from 'cli-table3'
import { canUseKernel } from '../support/kernel-oracle.ts'
import { compileProgram } from '../support/programs.ts'
import { type KernelFigures, kernelFigures } from './kernel.ts'
import { passTable } from './passes.ts'
import { geometricMean, measureSlots, PROGRAMS } from './slots.ts'
import { processorMs, type StageTimes, stageTimes } from './stages.ts'
import { type StartTimes, startTimes } from './start.ts'

interface Row {
  readonly name: string
  readonly ours: number
  readonly clang: number
  readonly ratio: number
  readonly kernel: { ours: KernelFigures; clang: KernelFigures | undefined } | undefined
  readonly compileMs: number
  readonly stages: StageTimes
}

function measure(): Row[] {
  const kernel = canUseKernel()
  if (!kernel.ok) console.error(`without the kernel's figures: ${kernel.reason}`)
  return measureSlots().map(({ name, ours, clang }) => ({
    name,
    ours,
    clang,
    ratio: ours / clang,
    kernel: kernel.ok ? kernelFigures(name) : undefined,
    compileMs: medianMs(() => compileProgram(name), 50),
    stages: stageTimes(name),
  }))
}

/** After warm-up, as a build tool or a REPL sees it. */
function medianMs(action: () => unknown, rounds: number): number {
  for (let i = 0; i < 20; i++) action()
  const times = Array.from({ length: rounds }, () => {
    const start = processorMs()
    action()
    return processorMs() - start
  })
  return times.sort((a, b) => a - b)[rounds >> 1]!
}

function pair(kernel: Row['kernel'], pick: (figures: KernelFigures) => number | undefined, digits: number): string {
  const show = (figures: KernelFigures | undefined) => (figures && pick(figures))?.toFixed(digits) ?? '-'
  return kernel ? `${show(kernel.ours)} / ${show(kernel.clang)}` : '-'
}

function printRows(rows: readonly Row[]): void {
  const stages = ['lisp', 'ssa', 'opt', 'backend', 'object'] as const
  const head = ['program', 'slots', 'clang min', 'ratio', 'verified', 'jited bytes', 'run ns', 'compile ms', ...stages]
  const table = new Table({ head, colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')) })
  for (const { name, ours, clang, ratio, kernel, compileMs, stages: times } of rows) {
    const figures = [pair(kernel, (f) => f.verified, 0), pair(kernel, (f) => f.jited, 0), pair(kernel, (f) => f.ns, 1)]
    const ms = stages.map((stage) => times[stage].toFixed(1))
    table.push([name, ours, clang, ratio.toFixed(2), ...figures, compileMs.toFixed(1), ...ms])
  }
  const mean = geometricMean(rows.map((row) => row.ratio)).toFixed(3)
  table.push(['geometric mean', '', '', mean, ...Array(9).fill('')])
  console.log(table.toString())
  console.log('verified, jited bytes and run ns: ours / clang; compile ms: median, stages: mean, of processor time')
}

function printPasses(): void {
  const head = ['without', ...PROGRAMS, 'total']
  const table = new Table({ head, colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')) })
  for (const { without, slots } of passTable()) {
    const counts = PROGRAMS.map((name) => slots[name]!)
    table.push([without, ...counts, counts.reduce((a, b) => a + b, 0)])
  }
  console.log(table.toString())
}

function printStart({ node, compile, withoutCache }: StartTimes): void {
  const over = (ms: number) => `${ms.toFixed(0)} ms (node + ${(ms - node).toFixed(0)} ms)`
  console.log(`node -e 0                        ${node.toFixed(0)} ms`)
  console.log(`unplugin-bpf compile count-xdp   ${over(compile)}`)
  console.log(`the same without its cache       ${over(withoutCache)}`)
}

const json = process.argv.includes('--json')
if (process.argv.includes('passes')) {
  if (json) console.log(JSON.stringify(passTable(), null, 2))
  else printPasses()
} else if (process.argv.includes('start')) {
  const times = startTimes('count-xdp')
  if (json) console.log(JSON.stringify(times, null, 2))
  else printStart(times)
} else {
  const rows = measure()
  if (json) console.log(JSON.stringify(rows, null, 2))
  else printRows(rows)
}
