/** Full rate and many rounds, in processes of their own; `million-script` and `rounds-script` take larger numbers, too. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { missingForLoader } from '../../bench/loader.ts'
import { canUseKernel } from '../../support/kernel-oracle.ts'
import { compileBaseline } from '../../support/programs.ts'
import { nodeCommand } from './netns.ts'

const kernel = canUseKernel()
const skipped = (reason: string | undefined) => (reason === undefined ? '' : ` (skipped: ${reason})`)

function script(command: readonly string[], name: string, ...args: string[]) {
  const [program, ...rest] = [...command, ...nodeCommand(join(import.meta.dirname, name)), ...args]
  return JSON.parse(execFileSync(program!, rest, { encoding: 'utf8' }).trim().split('\n').at(-1)!)
}

const missing = missingForLoader()
it.skipIf(missing !== undefined)(
  `100,000 events at full rate: produced = consumed + refused${skipped(missing)}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'ubpf-rate-'))
    try {
      const path = join(folder, 'maps.bpf.o')
      writeFileSync(path, compileBaseline('loader/maps', '14'))
      const { produced, consumed, refused } = script(['unshare', '--mount'], 'million-script.ts', path, '100000')
      expect(produced).toBeGreaterThanOrEqual(100_000)
      expect(consumed + refused).toBe(produced)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)

const unusable = kernel.ok ? undefined : kernel.reason
it.skipIf(!kernel.ok)(`200 rounds of loading, attaching and closing leave nothing${skipped(unusable)}`, () => {
  const { fdsGrown, kernelObjects = 0 } = script([], 'rounds-script.ts', '200')
  expect([fdsGrown, kernelObjects]).toEqual([0, 0])
})
