/**
 * Whole processes: what `unplugin-bpf compile` takes on top of Node's own start, with what it keeps of itself
 * (bin/load-cached.mjs) and without. In turns, since the machine is shared; medians of wall time in ms.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const ROUNDS = 21

export interface StartTimes {
  readonly node: number
  readonly compile: number
  readonly withoutCache: number
}

/** Needs the built package. */
export function startTimes(name: string): StartTimes {
  const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-start-'))
  const bin = join(root, 'packages/unplugin-bpf/bin/unplugin-bpf.mjs')
  const source = join(root, `test/bench/programs/${name}.bpf.lisp`)
  const compile = [bin, 'compile', source, '-o', join(folder, 'out.o')]
  const commands = {
    node: () => runNode(['-e', '0']),
    compile: () => runNode(compile),
    withoutCache: () => runNode(compile, { NODE_DISABLE_COMPILE_CACHE: '1' }),
  }
  try {
    // The first run leaves the cache.
    commands.compile()
    const times = { node: [] as number[], compile: [] as number[], withoutCache: [] as number[] }
    for (let round = 0; round < ROUNDS; round++) {
      for (const key of Object.keys(commands) as (keyof StartTimes)[]) times[key].push(commands[key]())
    }
    return { node: median(times.node), compile: median(times.compile), withoutCache: median(times.withoutCache) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runNode(args: readonly string[], env: Record<string, string> = {}): number {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { env: { ...process.env, ...env }, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`)
  return performance.now() - start
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[times.length >> 1]!
}
