/** One fixture, built by every bundler and executed; one wrong program, whose frame every bundler must show. */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { BUNDLERS } from './bundlers.ts'

const here = import.meta.dirname
const fixtures = join(here, '..', 'fixtures')
// Inside the package, so that the output finds `unplugin-bpf` as an installed application would.
const scratch = join(here, '.output')

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

export const EXPECTED = {
  verdicts: [1, 2],
  count: '2n',
  records: [{ src: 0x0100000a, port: 9999, stamp: '7n' }],
  port: 9999,
  size: 16,
  bytes: true,
}

describe.each(BUNDLERS)('$name', ({ name, build }) => {
  it('builds a program that runs', async () => {
    const entry = join(fixtures, 'app', 'main.js')
    const file = await build({ entry, outDir: join(scratch, name), types: false })
    const output = execFileSync(process.execPath, [file], { encoding: 'utf8' })
    expect(JSON.parse(output)).toEqual(EXPECTED)
  })

  it('shows file, line, column and frame of a wrong program', async () => {
    const entry = join(fixtures, 'bad', 'main.js')
    const failure = await build({ entry, outDir: join(scratch, `${name}-bad`), types: false }).then(
      () => undefined,
      (error: Error) => error,
    )
    const message = String(failure?.message)
    expect(message).toMatch(/wrong\.bpf\.lisp:4:17/)
    expect(message).toContain('error[unknown-map]')
    expect(message).toContain('(incf (getmap pkt-cuont 0))')
    expect(message).toMatch(/\^{9}/)
    expect(message).toContain('pkt-count')
    // The compiler's own frames are of no use to the author of a program.
    expect(message).not.toMatch(/\n\s+at .*packages\/core/)
  })
})
