import { describe, expect, it } from 'vitest'
import { compileLisp } from '../../../packages/core/src/compile.ts'
import { sourceFile } from '../../../packages/core/src/diag/source.ts'
import { loadKernelObject } from '../../../packages/loader/src/index.ts'
import { canUseKernel } from '../../support/kernel-oracle.ts'
import { BOOK } from './book-examples.ts'

const kernel = canUseKernel()
const title = kernel.ok ? 'the kernel accepts' : `the kernel accepts (skipped: ${kernel.reason})`

describe.skipIf(!kernel.ok)(title, () => {
  for (const [name, { text, problems }] of Object.entries(BOOK)) {
    if (problems) continue
    it(name, () => {
      const { object, warnings } = compileLisp(sourceFile('book.bpf.lisp', text))
      loadKernelObject(object).close()
      expect(warnings).toEqual([])
    })
  }
})
