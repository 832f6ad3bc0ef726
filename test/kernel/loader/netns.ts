/**
 * Two network namespaces with a veth pair between them, for tests that attach to interfaces. Scripts run inside the
 * first one; everything goes away with `dispose`.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'

export interface Netns extends Disposable {
  /** Names of the namespaces. */
  readonly here: string
  readonly there: string
  /** Runs a script of this folder inside `here`; its last output line is JSON. */
  script(name: string, ...args: string[]): unknown
}

/** Interface `veth0` on both sides; 10.90.0.1 here, 10.90.0.2 there. */
export function createNetns(): Netns {
  const id = randomBytes(4).toString('hex')
  const here = `ubpf-a-${id}`
  const there = `ubpf-b-${id}`
  const dispose = () => {
    for (const name of [here, there]) {
      try {
        run('ip', 'netns', 'delete', name)
      } catch {
        // was never made
      }
    }
  }
  try {
    run('ip', 'netns', 'add', here)
    run('ip', 'netns', 'add', there)
    run('ip', 'link', 'add', 'veth0', 'netns', here, 'type', 'veth', 'peer', 'name', 'veth0', 'netns', there)
    for (const [name, address] of [
      [here, '10.90.0.1/24'],
      [there, '10.90.0.2/24'],
    ] as const) {
      run('ip', '-n', name, 'address', 'add', address, 'dev', 'veth0')
      run('ip', '-n', name, 'link', 'set', 'veth0', 'up')
      run('ip', '-n', name, 'link', 'set', 'lo', 'up')
    }
  } catch (error) {
    dispose()
    throw error
  }
  const script = (name: string, ...args: string[]) => {
    const file = fileURLToPath(new URL(name, import.meta.url))
    const output = run('ip', 'netns', 'exec', here, ...nodeCommand(file), there, ...args)
    return JSON.parse(output.trim().split('\n').at(-1)!)
  }
  return { here, there, script, [Symbol.dispose]: dispose }
}

/** Command that runs a TypeScript file of this repository. */
export function nodeCommand(file: string): string[] {
  return [process.execPath, '--conditions=@unplugin-bpf/source', '--import', import.meta.resolve('tsx'), file]
}

export function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Why such tests cannot run; undefined when they can. */
export function netnsMissing(): string | undefined {
  try {
    for (const tool of ['ip', 'tc']) run('sh', '-c', `command -v ${tool}`)
    return undefined
  } catch {
    return 'needs ip and tc'
  }
}
