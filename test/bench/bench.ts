/**
 * `npm run bench`: the eight programs against clang, as ratios in one run. `--json` prints the rows for other tools.
 * Times are minimums of batches, since the machine is shared; they are shown, never asserted.
 */
import Table from 'cli-table3'
import { compileProgram } from '../support/programs.ts'
import { geometricMean, measureSlots } from './slots.ts'

interface Row {
  readonly name: string
  readonly ours: number
  readonly clang: number
  readonly ratio: number
  readonly compileMs: number
}

function measure(): Row[] {
  return measureSlots().map(({ name, ours, clang }) => ({
    name,
    ours,
    clang,
    ratio: ours / clang,
    compileMs: minimumMs(() => compileProgram(name), 20),
  }))
}

function minimumMs(action: () => unknown, rounds: number): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < rounds; i++) {
    const start = performance.now()
    action()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

function print(rows: readonly Row[]): void {
  const table = new Table({
    head: ['program', 'slots', 'clang min', 'ratio', 'compile ms'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  })
  for (const { name, ours, clang, ratio, compileMs } of rows) {
    table.push([name, ours, clang, ratio.toFixed(2), compileMs.toFixed(1)])
  }
  table.push(['geometric mean', '', '', geometricMean(rows.map((row) => row.ratio)).toFixed(3), ''])
  console.log(table.toString())
}

const rows = measure()
if (process.argv.includes('--json')) console.log(JSON.stringify(rows, null, 2))
else print(rows)
