/** Runs the command line inside this process, in a folder of its own, and gives back what a shell would see. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { vi } from 'vitest'
import { main } from '../../packages/unplugin-bpf/src/cli/main.ts'

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Folder {
  readonly path: string
  write(name: string, content: string | Uint8Array): string
  names(): string[]
  run(...args: string[]): Promise<Outcome>
  remove(): void
}

export function makeFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'unplugin-bpf-cli-'))
  return {
    path,
    write(name, content) {
      const file = join(path, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
      return name
    },
    names: () => readdirSync(path).sort(),
    run: (...args) => runIn(path, args),
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

async function runIn(folder: string, args: readonly string[]): Promise<Outcome> {
  const out: string[] = []
  const err: string[] = []
  const take =
    (into: string[]) =>
    (...values: unknown[]) =>
      void into.push(`${values.map(String).join(' ')}\n`)
  const write = (into: string[]) => (chunk: unknown) => {
    into.push(String(chunk))
    return true
  }
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(take(out)),
    vi.spyOn(console, 'error').mockImplementation(take(err)),
    vi.spyOn(process.stdout, 'write').mockImplementation(write(out)),
    vi.spyOn(process.stderr, 'write').mockImplementation(write(err)),
  ]
  const before = process.cwd()
  process.chdir(folder)
  try {
    const code = await main(args)
    return { code, stdout: out.join(''), stderr: err.join('') }
  } finally {
    process.chdir(before)
    for (const spy of spies) spy.mockRestore()
  }
}
