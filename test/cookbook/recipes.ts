/**
 * The recipes of `playground/cookbook` as a user would run them: each is bundled with its `.bpf.lisp` and started as a
 * process of its own, in a network namespace and cgroup of the test's.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import bpf from 'unplugin-bpf/vite'
import { build } from 'vite'
import { vi } from 'vitest'

export const COOKBOOK = join(import.meta.dirname, '../../playground/cookbook')

/** Bundles the recipes; returns the path of a recipe's file. */
export async function buildRecipes(names: readonly string[]): Promise<(name: string) => string> {
  // Inside of the repository, so that the loader's package is found from there.
  const outDir = join(import.meta.dirname, '.output', names.join('+'))
  const conditions = ['@unplugin-bpf/source', 'node', 'import', 'module', 'default']
  await build({
    configFile: false,
    logLevel: 'silent',
    root: COOKBOOK,
    plugins: [bpf({ types: false })],
    ssr: { noExternal: true, resolve: { conditions } },
    build: {
      ssr: true,
      target: 'node20',
      outDir,
      emptyOutDir: true,
      rollupOptions: { input: Object.fromEntries(names.map((name) => [name, join(COOKBOOK, `${name}.ts`)])) },
    },
  })
  return (name) => join(outDir, `${name}.js`)
}

export interface Process {
  readonly pid: number
  /** What it printed until now. */
  readonly lines: readonly string[]
  /** The lines until one (a new one) is as wanted. */
  until(wanted: (line: string) => boolean): Promise<void>
  say(text: string): void
  /** Ends it as Ctrl-C would; resolves to all lines. */
  stop(): Promise<readonly string[]>
}

/** Starts a command; its errors go to this process's. */
export function start(command: readonly string[]): Process {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => lines.push(line))
  const ended = new Promise<void>((resolve, reject) => {
    reader.on('close', resolve)
    child.on('error', reject)
  })
  return {
    pid: child.pid!,
    lines,
    until: (wanted) => lineWhich(wanted, lines, child),
    say: (text) => void child.stdin.write(`${text}\n`),
    async stop() {
      child.kill('SIGTERM')
      await ended
      return lines
    },
  }
}

async function lineWhich(wanted: (line: string) => boolean, lines: readonly string[], child: ChildProcess) {
  await until(() => lines.some(wanted) || child.exitCode !== null)
  if (!lines.some(wanted)) throw new Error(`ended with ${child.exitCode}:\n${lines.join('\n')}`)
}

/** Looks again and again; gives up after 10 s. */
export async function until(condition: () => boolean): Promise<void> {
  const check = () => {
    if (!condition()) throw new Error('what the test waits for did not come')
  }
  await vi.waitFor(check, { timeout: 10_000, interval: 10 })
}

/** The command inside a named network namespace. Unlike `ip netns exec`, it leaves /sys as it is: cgroups stay visible. */
export function inNetns(name: string, command: readonly string[]): string[] {
  return ['nsenter', `--net=/run/netns/${name}`, ...command]
}

/** Where cgroup2 is mounted: version 1 machines have it in a subdirectory. */
export const CGROUP2 = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) =>
  existsSync(`${path}/cgroup.controllers`),
)

export interface Cgroup extends Disposable {
  readonly path: string
  /** The command, as a member of the cgroup. */
  member(command: readonly string[]): string[]
}

export function createCgroup(): Cgroup {
  const path = `${CGROUP2}/ubpf-${randomBytes(4).toString('hex')}`
  mkdirSync(path)
  return {
    path,
    member: (command) => ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', path, ...command],
    [Symbol.dispose]: () => rmdirSync(path),
  }
}
