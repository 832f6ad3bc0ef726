/** An edit of a module that a `.bpf.ts` imports rebuilds the program; a test may import one. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WATCHERS } from '../plugin/watchers.ts'

const here = import.meta.dirname
const folder = join(here, '.output', 'watch')

beforeAll(() => cpSync(join(here, 'fixture'), folder, { recursive: true }))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const VERDICTS = [
  [1, 2],
  [2, 1],
]

it.each(WATCHERS)('$name follows the modules of the program', { timeout: 120_000 }, async ({ name, start }) => {
  const sources = join(folder, name)
  cpSync(join(here, 'fixture'), sources, { recursive: true })
  const builds = new Builds()
  const { file, close } = await start({
    entry: join(sources, 'main.js'),
    outDir: join(sources, 'out'),
    onBuild: (error) => builds.add(error),
  })
  const verdicts = () => JSON.parse(execFileSync(process.execPath, [file], { encoding: 'utf8' })).verdicts
  try {
    await builds.next()
    expect(verdicts()).toEqual(VERDICTS)
    const helpers = join(sources, 'helpers.ts')
    // A longer header length in every packet: no UDP header where the program looks, so nothing is dropped.
    writeFileSync(helpers, readFileSync(helpers, 'utf8').replace('& 0x0f) * 4', '& 0x0f) * 4 + 2'))
    await builds.next()
    expect(verdicts()).toEqual([
      [2, 2],
      [2, 2],
    ])
  } finally {
    await close()
  }
})

/** Builds that have ended, and whoever waits for one. */
class Builds {
  #ended: (Error | undefined)[] = []
  #waiting: ((error: Error | undefined) => void) | undefined

  add(error: Error | undefined): void {
    if (this.#waiting) this.#waiting(error)
    else this.#ended.push(error)
    this.#waiting = undefined
  }

  async next(): Promise<void> {
    const error =
      this.#ended.length > 0
        ? this.#ended.shift()
        : await new Promise<Error | undefined>((resolve) => (this.#waiting = resolve))
    if (error) throw error
  }
}

it('vitest imports a program', () => {
  writeFileSync(
    join(folder, 'vitest.config.js'),
    `import bpf from 'unplugin-bpf/vite'\nexport default { plugins: [bpf()], test: { include: ['*.spec.js'] } }\n`,
  )
  writeFileSync(
    join(folder, 'program.spec.js'),
    `import { expect, it } from 'vitest'
import filter, { Hit } from './filter.bpf.ts'
it('has programs and schemas', () => {
  const obj = filter.load({ backend: 'vm' })
  expect(obj.programs.drop53.run(new Uint8Array(64)).retval).toBe(2)
  expect(Hit.decode(Hit.encode({ src: 1, port: 2, stamp: 3n }))).toEqual({ src: 1, port: 2, stamp: 3n })
  obj.close()
})
`,
  )
  const script = join(here, '..', '..', 'node_modules', 'vitest', 'vitest.mjs')
  // Without the outer run's variables, which would make the nested run think it is a worker.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))
  const result = spawnSync(process.execPath, [script, 'run', '--root', folder], {
    encoding: 'utf8',
    env: { ...env, NO_COLOR: '1' },
  })
  expect(result.stdout + result.stderr).toMatch(/Tests\s+1 passed/)
})
