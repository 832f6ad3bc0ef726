/** Kernel memory of a simulation: the current task and objects behind pointers of a context. */
import { expect, it } from 'vitest'
import { compileLisp } from '../../packages/core/src/compile.ts'
import { sourceFile } from '../../packages/core/src/diag/source.ts'
import { kernelObject, simulate } from '../../packages/unplugin-bpf/src/testing/index.ts'
import { smallKernel } from '../support/small-kernel.ts'

const SOURCE = `
  (import-kernel-struct task-struct pid mm)
  (import-kernel-struct mm-struct users)
  (defprog placed (:type :syscall) (cast u32 (mm-struct-users (load u64 (ctx-ptr) 0))))
  (defprog own (:type :syscall) (+ (task-struct-pid (get-current-task)) (mm-struct-users (task-struct-mm (get-current-task)))))`

const { object } = compileLisp(sourceFile('t.bpf.lisp', SOURCE), { kernelBtf: () => smallKernel() })

it('reads the current task and placed objects', () => {
  const mm = kernelObject('mm_struct', { users: 5 })
  using vm = simulate(object, { task: { pid: 70 }, taskStruct: { mm } })
  expect(vm.programs.own!.run().code).toBe(75)
  const address = vm.placeObject(kernelObject('mm_struct', { users: 6 }))
  expect(vm.programs.placed!.run(new Uint8Array(BigUint64Array.of(address).buffer)).code).toBe(6)
  expect(() => vm.placeObject(kernelObject('mm_struct', { user: 6 }))).toThrow(/no member user .* only: .*users/)
})
