/** The fixture imported from a test, as a user's own vitest would: a nested run in a process of its own. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', 'fixtures', 'vitest-app')

function vitest(filter: string): { status: number | null; output: string } {
  const script = join(import.meta.dirname, '..', '..', 'node_modules', 'vitest', 'vitest.mjs')
  // Without the outer run's variables, which would make the nested run think it is a worker.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))
  const result = spawnSync(process.execPath, [script, 'run', '--root', root, filter], {
    encoding: 'utf8',
    env: { ...env, NO_COLOR: '1' },
  })
  return { status: result.status, output: result.stdout + result.stderr }
}

it('a test that imports a program runs it in the VM', () => {
  const { status, output } = vitest('program.spec.js')
  expect(output).toMatch(/Tests\s+1 passed/)
  expect(status).toBe(0)
})

it('a wrong program fails its test with the frame', () => {
  const { status, output } = vitest('wrong.spec.js')
  expect(status).not.toBe(0)
  expect(output).toMatch(/wrong\.bpf\.lisp:4:17/)
  expect(output).toContain('(incf (getmap pkt-cuont 0))')
})
