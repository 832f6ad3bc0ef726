/** A `.bpf.ts` with imports of its own and a program per constant, built by every bundler and executed. */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { BUNDLERS } from '../plugin/bundlers.ts'

const here = import.meta.dirname
// Inside the package, so that the output finds `unplugin-bpf` as an installed application would.
const scratch = join(here, '.output')

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const EXPECTED = {
  verdicts: [
    [1, 2],
    [2, 1],
  ],
  hits: '2',
  events: [
    { src: 0x0a000001, port: 53, stamp: '7' },
    { src: 0x0a000001, port: 9999, stamp: '7' },
  ],
  size: 16,
  limits: { entries: 64, names: ['a', 'b'] },
  programs: ['drop53', 'drop9999'],
}

describe.each(BUNDLERS)('$name', ({ name, build }) => {
  it('builds a program in TypeScript that runs', async () => {
    const entry = join(here, 'fixture', 'main.js')
    const file = await build({ entry, outDir: join(scratch, name), types: false })
    expect(JSON.parse(execFileSync(process.execPath, [file], { encoding: 'utf8' }))).toEqual(EXPECTED)
  })

  it('shows the frame of a kernel function that is wrong', async () => {
    const entry = join(here, 'fixture', 'wrong-main.js')
    const failure = await build({ entry, outDir: join(scratch, `${name}-bad`), types: false }).then(
      () => undefined,
      (error: Error) => error,
    )
    const message = String(failure?.message)
    expect(message).toMatch(/wrong\.bpf\.ts:7:15/)
    expect(message).toContain('return (2 ** ctx.length) as 1')
    expect(message).not.toMatch(/\n\s+at .*packages\/core/)
  })
})
