/** `npm run bench -- loader`: our loader against C with libbpf, in turns, as ratios in one run. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeCommand } from '../kernel/loader/netns.ts'
import { canUseKernel } from '../support/kernel-oracle.ts'
import { compileBaseline } from '../support/programs.ts'
import type { Paths } from './loader-ours.ts'

/** Rows: what, which of our and of C's figures, what the ratio should stay under, or the limit in ns. */
export const GOALS = [
  { what: 'hash lookup', ours: 'lookup', c: 'lookup', ratio: 1.2 },
  { what: 'hash update', ours: 'update', c: 'update', ratio: 1.2 },
  { what: 'batch, per element (forEach)', ours: 'batch', c: 'batch', ratio: 1.1 },
  { what: 'the same, for ... of', ours: 'iterated', c: 'batch' },
  { what: 'mapped read : lookup', ours: 'mapped', c: 'lookup', ratio: 0.05 },
  { what: 'ring drain in place', ours: 'drain', c: 'drain', ns: 15 },
  { what: 'ring drain decoded', ours: 'decoded', c: 'drain', ns: 40 },
  { what: 'load nodeport-lb4', ours: 'load', c: 'load', ratio: 1.3 },
  { what: 'load CO-RE, first', ours: 'cold', c: 'core', ratio: 2 },
  { what: 'load CO-RE, again', ours: 'core', c: 'core', ratio: 1.2 },
] as const

export interface LoaderRow {
  readonly what: string
  /** Nanoseconds. */
  readonly ours: number
  readonly c: number
  readonly goal: string
  /** Undefined: no goal. */
  readonly reached: boolean | undefined
}

/** Why it cannot be measured here; undefined when it can. */
export function missingForLoader(): string | undefined {
  const kernel = canUseKernel()
  if (!kernel.ok) return kernel.reason
  if (!existsSync('/usr/include/bpf/libbpf.h')) return 'needs libbpf-dev'
  const tools = ['clang-14', 'cc'].filter((tool) => spawnSync(tool, ['--version']).status !== 0)
  return tools.length > 0 ? `needs ${tools.join(' and ')}` : undefined
}

const ROUNDS = 3

export function measureLoader(): LoaderRow[] {
  const folder = mkdtempSync(join(tmpdir(), 'bench-loader-'))
  try {
    const paths = buildObjects(folder)
    const baseline = join(folder, 'baseline')
    execFileSync('cc', ['-O2', join(import.meta.dirname, 'c/loader/baseline.c'), '-o', baseline, '-lbpf'])
    const c: Record<string, number> = {}
    const ours: Record<string, number> = {}
    for (let round = 0; round < ROUNDS; round++) {
      keepLeast(c, parseLines(execFileSync(baseline, [paths.maps, paths.load, paths.core], { encoding: 'utf8' })))
      keepLeast(ours, inOwnProcess(paths))
    }
    return GOALS.map((goal) => rowOf(goal, ours[goal.ours]!, c[goal.c]!))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function rowOf(goal: (typeof GOALS)[number], ours: number, c: number): LoaderRow {
  const { what } = goal
  if ('ns' in goal) return { what, ours, c, goal: `${goal.ns} ns`, reached: ours <= goal.ns }
  if ('ratio' in goal) return { what, ours, c, goal: `${goal.ratio}x`, reached: ours / c <= goal.ratio }
  return { what, ours, c, goal: '', reached: undefined }
}

/** A new process each time, since the first load of a process is one of the figures. */
function inOwnProcess(paths: Paths): Record<string, number> {
  const [node, ...args] = nodeCommand(join(import.meta.dirname, 'loader-script.ts'))
  return JSON.parse(execFileSync(node!, [...args, JSON.stringify(paths)], { encoding: 'utf8' }))
}

function buildObjects(folder: string): Paths {
  const write = (name: string) => {
    const path = join(folder, `${name.replace('/', '-')}.bpf.o`)
    writeFileSync(path, compileBaseline(name, '14'))
    return path
  }
  return { maps: write('loader/maps'), load: write('nodeport-lb4'), core: write('loader/core') }
}

function parseLines(text: string): Record<string, number> {
  const lines = text.trim().split('\n')
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]))
}

function keepLeast(into: Record<string, number>, from: Record<string, number>): void {
  for (const [name, ns] of Object.entries(from)) into[name] = Math.min(into[name] ?? Number.POSITIVE_INFINITY, ns)
}
