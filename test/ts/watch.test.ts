/** An edit of a module that a `.bpf.ts` imports rebuilds the program; a test may import one. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { watch } from 'rollup'
import { afterAll, beforeAll, expect, it } from 'vitest'
import bpf from '../../packages/unplugin-bpf/src/rollup.ts'

const here = import.meta.dirname
const folder = join(here, '.output', 'watch')

beforeAll(() => cpSync(join(here, 'fixture'), folder, { recursive: true }))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('rollup --watch follows the modules of the program', async () => {
  const file = join(folder, 'out.mjs')
  const watcher = watch({
    input: join(folder, 'main.js'),
    external: /^unplugin-bpf/,
    plugins: [bpf()],
    output: { file, format: 'esm' },
    watch: { chokidar: { usePolling: true, interval: 50 } },
  })
  const built = () =>
    new Promise<void>((resolve, reject) => {
      watcher.on('event', (event) => {
        if (event.code === 'END') resolve()
        if (event.code === 'ERROR') reject(event.error)
      })
    })
  const programs = () => JSON.parse(execFileSync(process.execPath, [file], { encoding: 'utf8' })).verdicts
  try {
    await built()
    expect(programs()).toEqual([
      [1, 2],
      [2, 1],
    ])
    const helpers = join(folder, 'helpers.ts')
    const again = built()
    // A longer header length in every packet: no UDP header where the program looks, so nothing is dropped.
    writeFileSync(helpers, readFileSync(helpers, 'utf8').replace('& 0x0f) * 4', '& 0x0f) * 4 + 2'))
    await again
    expect(programs()).toEqual([
      [2, 2],
      [2, 2],
    ])
  } finally {
    await watcher.close()
  }
})

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
