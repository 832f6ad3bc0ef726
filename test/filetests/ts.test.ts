/**
 * Every `.bpf.ts` file below this folder is a test that states its own expectations, in `//` comments instead of `;;`
 * (test/runner/directives.ts). Names of programs and maps are those of the object file.
 */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { globSync } from 'tinyglobby'
import { describe, expect, it } from 'vitest'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../packages/loader/src/index.ts'
import { compileBpfTs } from '../../packages/unplugin-bpf/src/compile-ts.ts'
import { readDirectives } from '../runner/directives.ts'
import { expectErrors, expectRun, expectSlots } from '../runner/expect.ts'
import { canUseKernel } from '../support/kernel-oracle.ts'

const here = import.meta.dirname
const files = globSync('**/*.bpf.ts', { cwd: here, absolute: true }).sort()
const kernel = canUseKernel()

for (const path of files) {
  // The same columns with the other comment sign; expectations of values may be indented.
  const text = readFileSync(path, 'utf8').replace(/^ *\/\/ (?=(run|map|ring) )/gm, ';; ')
  const directives = readDirectives(text.replace(/^\/\//gm, ';;'))
  describe(relative(here, path), () => {
    it('says what it tests', () => {
      expect(directives.kinds.length).toBeGreaterThan(0)
    })
    if (directives.kinds.includes('errors')) it('errors', () => expectErrors(() => compileBpfTs(path), directives))
    if (directives.kinds.includes('slots')) {
      it('slots', async () => expectSlots((await compileBpfTs(path)).object, directives))
    }
    if (directives.kinds.includes('run')) {
      for (const skip of [[], ['all']]) {
        const passes = skip.length > 0 ? 'passes off' : 'passes on'
        const compile = async () => (await compileBpfTs(path, { skip })).object
        it(`VM, ${passes}`, async () => expectRun(createVm(await compile()), directives))
        const title = kernel.ok ? `kernel, ${passes}` : `kernel, ${passes} (skipped: ${kernel.reason})`
        it.skipIf(!kernel.ok)(title, async () => expectRun(loadKernelObject(await compile()), directives))
      }
    }
  })
}
