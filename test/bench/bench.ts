/**
 * `npm run bench`: programs against clang, and the speed of the compiler, as ratios in one run.
 *   slots | speed | start | vm | passes | loader    only that part (passes: slots of every program without each optional pass)
 *   --json                            the same for other tools
 * Times are minimums, medians or processor time, since the machine is shared; they are shown, never asserted.
 */
import { canUseKernel } from '../support/kernel-oracle.ts'
import { compileProgram } from '../support/programs.ts'
import { kernelFigures } from './kernel.ts'
import { measureLoader, missingForLoader } from './loader.ts'
import { passTable } from './passes.ts'
import { printLoader, printPasses, printRows, printScale, printSpeed, printStart, printTs, type Row } from './print.ts'
import { KINDRED, measureSlots, PROGRAMS, type ProgramName } from './slots.ts'
import { lispSpeed, medianMs, scale, tsSpeed } from './speed.ts'
import { stageTimes } from './stages.ts'
import { startTimes } from './start.ts'
import { printVm, vmFigures } from './vm.ts'

function measure(names: readonly ProgramName[]): Row[] {
  const kernel = canUseKernel()
  if (!kernel.ok) console.error(`without the kernel's figures: ${kernel.reason}`)
  return measureSlots(names).map(({ name, ours, clang }) => ({
    name,
    ours,
    clang,
    ratio: ours / clang,
    kernel: kernel.ok ? kernelFigures(name) : undefined,
    compileMs: medianMs(() => compileProgram(name)),
    stages: stageTimes(name),
  }))
}

/** Each part measures, and gives what to show and what to print. */
const PARTS = {
  slots: () => {
    const data = { eight: measure(PROGRAMS), kindred: measure(KINDRED) }
    const print = (): void => {
      printRows('the eight programs', data.eight)
      printRows('others of their kinds', data.kindred)
    }
    return { data, print }
  },
  speed: async () => {
    const data = { lisp: lispSpeed(), ts: await tsSpeed(), scale: scale([50, 500]) }
    const print = (): void => {
      printSpeed(data.lisp)
      printTs(data.ts)
      printScale(data.scale)
    }
    return { data, print }
  },
  start: () => {
    const data = startTimes('count-xdp')
    return { data, print: () => printStart(data) }
  },
  vm: () => {
    const data = vmFigures()
    return { data, print: () => printVm(data) }
  },
  passes: () => {
    const data = passTable()
    return { data, print: () => printPasses(data) }
  },
  loader: () => {
    const missing = missingForLoader()
    const data = missing === undefined ? measureLoader() : { skipped: missing }
    const print = (): void => {
      if ('skipped' in data) console.log(`loader against libbpf: skipped, ${data.skipped}`)
      else printLoader(data)
    }
    return { data, print }
  },
} as const

const chosen = (Object.keys(PARTS) as (keyof typeof PARTS)[]).filter((part) => process.argv.includes(part))
const results: Record<string, unknown> = {}
// `passes` compiles every program once per pass: only when asked for.
for (const part of chosen.length > 0 ? chosen : (['slots', 'speed', 'start', 'vm'] as const)) {
  const { data, print } = await PARTS[part]()
  results[part] = data
  if (!process.argv.includes('--json')) print()
}
if (process.argv.includes('--json')) console.log(JSON.stringify(results, null, 2))
process.exit(0)
