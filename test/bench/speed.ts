/**
 * How fast the compiler is where somebody waits for it: medians after warm-up, sources of many programs, and the most
 * memory that takes. Processor time in ms, since the machine is shared.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compileLisp } from '../../packages/core/src/compile.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import { compileBpfTs } from '../../packages/unplugin-bpf/src/compile-ts.ts'
import { PROGRAMS } from './slots.ts'
import { processorMs } from './stages.ts'

const root = join(import.meta.dirname, '../..')
const WARM_UP = 20
const ROUNDS = 50

export interface SpeedRow {
  readonly source: string
  readonly ms: number
  /** What issue 4 asks for; absent: only shown. */
  readonly limit?: number
}

const SOURCES: readonly { readonly path: string; readonly limit: number }[] = [
  { path: 'test/bench/programs/count-xdp.bpf.lisp', limit: 5 },
  { path: 'test/bench/programs/nodeport-lb4.bpf.lisp', limit: 20 },
  { path: 'playground/cookbook/firewall.bpf.lisp', limit: 100 },
]

/** Lisp sources, with the limits that they are held to. */
export function lispSpeed(): SpeedRow[] {
  return SOURCES.filter(({ path }) => existsSync(join(root, path))).map(({ path, limit }) => {
    const file = sourceFile(basename(path), readFileSync(join(root, path), 'utf8'))
    return { source: basename(path), ms: medianMs(() => compileLisp(file)), limit }
  })
}

export function medianMs(action: () => unknown, rounds = ROUNDS): number {
  for (let i = 0; i < WARM_UP; i++) action()
  const times = Array.from({ length: rounds }, () => {
    const start = processorMs()
    action()
    return processorMs() - start
  })
  return times.sort((a, b) => a - b)[rounds >> 1]!
}

/** Of a `.bpf.ts`: the first compilation in this process, and that of an unchanged source after it. */
export async function tsSpeed(): Promise<readonly (SpeedRow & { readonly again: number })[]> {
  const rows = []
  for (const name of PROGRAMS) {
    const path = join(root, 'test/bench/programs', `${name}.bpf.ts`)
    const first = await wallMs(() => compileBpfTs(path))
    rows.push({ source: `${name}.bpf.ts`, ms: first, again: await wallMs(() => compileBpfTs(path)) })
  }
  return rows
}

async function wallMs(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await action()
  return performance.now() - start
}

export interface ScaleRow {
  readonly programs: number
  readonly ms: number
  readonly perProgram: number
  readonly peakMiB: number
}

/** One source of many programs, each size in a process of its own with the built package, so that peaks are apart. */
export function scale(sizes: readonly number[]): ScaleRow[] {
  return sizes.map((programs) => {
    const core = pathToFileURL(join(root, 'packages/core/dist/index.mjs')).href
    const script = `
      import { compileLisp, sourceFile } from ${JSON.stringify(core)}
      const text = ${JSON.stringify(manyPrograms(programs))}
      const warmUp = text.slice(0, text.indexOf('(defprog p20 '))
      for (let i = 0; i < 5; i++) compileLisp(sourceFile('warm.bpf.lisp', warmUp))
      const start = process.cpuUsage()
      compileLisp(sourceFile('many.bpf.lisp', text))
      const { user, system } = process.cpuUsage(start)
      console.log(JSON.stringify({ ms: (user + system) / 1000, kib: process.resourceUsage().maxRSS }))`
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module'], {
      input: script,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(stderr)
    const { ms, kib } = JSON.parse(stdout) as { ms: number; kib: number }
    return { programs, ms, perProgram: ms / programs, peakMiB: kib / 1024 }
  })
}

/** Each with a parser, a lookup and counters, and some constants of its own. */
function manyPrograms(count: number): string {
  const programs = Array.from(
    { length: count },
    (_, i) => `(defprog p${i} (:type :xdp)
  (with-tcp (data data-end tcp)
    (let ((port (tcp-dst-port tcp)))
      (when (= port ${i})
        (incf (getmap counts ${i % 16}))
        (return XDP_DROP))
      (when-let ((seen (map-lookup ports port)))
        (atomic-add seen 0 ${i + 1}))))
  XDP_PASS)`,
  )
  return `(defmap counts :type :array :key-size 4 :value-size 8 :max-entries 16)
(defmap ports :type :hash :key-size 2 :value-size 8 :max-entries 64)
${programs.join('\n')}\n`
}
