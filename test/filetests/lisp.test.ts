/**
 * Every `.bpf.lisp` file below this folder is a test that states its own expectations (test/runner/directives.ts). A
 * `run` file is executed four times: in the VM and in the kernel, each with all optional passes on and off. What the VM
 * does not simulate is `run-kernel`.
 */
import { readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { globSync } from 'tinyglobby'
import { describe, expect, it } from 'vitest'
import { compileLisp } from '../../packages/core/src/compile.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../packages/loader/src/index.ts'
import { readDirectives } from '../runner/directives.ts'
import { expectErrors, expectRun, expectSlots } from '../runner/expect.ts'
import { canUseKernel, skipNote } from '../support/kernel-oracle.ts'

const here = import.meta.dirname
const files = globSync('**/*.bpf.lisp', { cwd: here, absolute: true }).sort()
const kernel = canUseKernel()

for (const path of files) {
  const text = readFileSync(path, 'utf8')
  const directives = readDirectives(text)
  describe(relative(here, path), () => {
    it('says what it tests', () => {
      expect(directives.kinds.length).toBeGreaterThan(0)
    })
    const file = sourceFile(basename(path), text)
    if (directives.kinds.includes('errors'))
      it('errors', () => expectErrors(() => compileLisp(file, host(path)), directives))
    if (directives.kinds.includes('slots'))
      it('slots', () => expectSlots(compileLisp(file, host(path)).object, directives))
    const inVm = directives.kinds.includes('run')
    if (!inVm && !directives.kinds.includes('run-kernel')) return
    for (const skip of [[], ['all']]) {
      const passes = skip.length > 0 ? 'passes off' : 'passes on'
      const compile = () => compileLisp(file, host(path), { skip }).object
      if (inVm) it(`VM, ${passes}`, () => expectRun(createVm(compile()), directives))
      it.skipIf(!kernel.ok)(`kernel, ${passes}${skipNote(kernel)}`, () =>
        expectRun(loadKernelObject(compile()), directives),
      )
    }
  })
}

function host(path: string) {
  return {
    readText(name: string) {
      const other = join(path, '..', name)
      try {
        return { name: basename(other), text: readFileSync(other, 'utf8') }
      } catch {
        return undefined
      }
    },
  }
}
