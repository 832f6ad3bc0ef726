import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compileLisp } from '../../../packages/core/src/compile.ts'
import { sourceFile } from '../../../packages/core/src/diag/source.ts'
import { kernelObject, type VmOptions } from '../../../packages/core/src/entry/vm.ts'
import type { BpfObject } from '../../../packages/core/src/object/object.ts'
import type { ObjectBackend } from '../../../packages/core/src/runtime/backend.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import { kernelUsable, loadKernelObject } from '../../../packages/loader/src/index.ts'
import { smallKernel } from '../../support/small-kernel.ts'

const OUT = '(defmap out :type :array :key-size 4 :value-size 8 :max-entries 8)'
const compile = (source: string, btf: Uint8Array | undefined): BpfObject =>
  compileLisp(sourceFile('t.bpf.lisp', `${OUT}\n${source}`), { kernelBtf: () => btf }).object

function outOf(backend: ObjectBackend): bigint[] {
  expect(backend.programs.get('go')!.run({}).retval).toBe(0)
  const value = (i: number) =>
    backend.maps
      .get('out')!
      .lookup(Uint8Array.of(i, 0, 0, 0))!
      .slice()
  return Array.from({ length: 8 }, (_, i) => new DataView(value(i).buffer).getBigInt64(0, true))
}

const READS = `
  (import-kernel-struct task-struct pid mm se.vruntime comm)
  (import-kernel-struct mm-struct users path)
  (defprog go (:type :syscall)
    (let* ((task (get-current-task)) (mm (task-struct-mm task)))
      (setf (getmap out 0) (task-struct-pid task))
      (setf (getmap out 1) (task-struct-se.vruntime task))
      (let ((name (struct-alloc 8)))
        (probe-read-kernel name 8 (task-struct-comm task))
        (setf (getmap out 2) (load u64 name 0)))
      (setf (getmap out 3) (mm-struct-users mm))
      (let ((path (mm-struct-path mm)) (buf (struct-alloc 8)))
        (setf (getmap out 4) (probe-read-kernel-str buf 8 path))
        (setf (getmap out 5) (load u64 buf 0))))
    0)`

const words = (text: string): bigint => {
  const bytes = new Uint8Array(8)
  bytes.set(new TextEncoder().encode(text).subarray(0, 8))
  return new DataView(bytes.buffer).getBigInt64(0, true)
}

describe('kernel objects in the VM', () => {
  const object = compile(READS, smallKernel())
  const open = (options: VmOptions) => createVm(object, options)

  test('a task from a plain object: numbers, nested structs, text, pointers', () => {
    const mm = kernelObject('mm_struct', { users: -3, path: '/bin' })
    const vm = open({ task: { pid: 77, comm: 'bash' }, taskStruct: { se: { vruntime: 5n }, mm } })
    expect(outOf(vm).slice(0, 6)).toEqual([77n, 5n, words('bash'), -3n, 5n, words('/bin')])
    vm.setSurroundings({ task: { pid: 78, comm: 'sh' } })
    expect(outOf(vm).slice(0, 3)).toEqual([78n, 5n, words('sh')])
  })

  test('what the test gives for the task wins over the process', () => {
    expect(outOf(open({ task: { pid: 77 }, taskStruct: { pid: 5 } }))[0]).toBe(5n)
  })

  test('a null pointer reads as in the kernel: zeros', () => {
    // The reads through null fail with -EFAULT and leave zeros.
    expect(outOf(open({ taskStruct: { mm: null } })).slice(3, 6)).toEqual([0n, -14n, 0n])
  })

  test('placed objects have addresses; the same object has one', () => {
    const vm = open({})
    const mm = kernelObject('mm_struct', { users: 9 })
    const address = vm.placeObject(mm)
    expect(vm.placeObject(mm)).toBe(address)
    expect(outOf(open({ taskStruct: { mm } }))[3]).toBe(9n)
    vm.close()
    expect(() => vm.placeObject(mm)).toThrow('closed')
  })

  test.each([
    [{ pidd: 1 }, /task_struct has no member pidd .* only: .*pid/],
    [{ pid: 2n ** 32n }, /task_struct.pid: expected an integer of 32 bits, got bigint 4294967296/],
    [{ pid: 'x' }, /task_struct.pid: expected an integer, got string x/],
    [{ comm: 'a name of sixteen' }, /task_struct.comm: expected at most \d+ elements/],
    [{ se: 4 }, /task_struct.se.*expected/],
    [{ mm: { users: 1 } }, /task_struct.mm: expected .*kernelObject\(struct, fields\)/],
    [{ mm: kernelObject('nothing', {}) }, /no struct nothing/],
  ])('refuses %o', (taskStruct, message) => {
    expect(() => open({ taskStruct: taskStruct as never })).toThrow(message)
  })
})

const STORAGE = `
  (defmap seen :type :task-storage :key-size 4 :value-size 8 :map-flags 1)
  (defprog go (:type :syscall)
    (let ((task (get-current-task-btf)))
      (setf (getmap out 0) (if (task-storage-get seen task 0 0) 1 0))
      (when-let ((value (task-storage-get seen task 0 1)))
        (atomic-add value 0 1)
        (setf (getmap out 1) (load u64 value 0)))
      (setf (getmap out 2) (if (task-storage-get seen task 0 0) 1 0))
      (when (= (getmap out 1) 3)
        (setf (getmap out 3) (task-storage-delete seen task))
        (setf (getmap out 4) (task-storage-delete seen task))))
    0)`

const usable = kernelUsable()
const backends: [string, (object: BpfObject) => ObjectBackend][] = [['vm', (object) => createVm(object)]]
if (usable.ok) backends.push(['kernel', loadKernelObject])

describe.each(backends)(`task storage${usable.ok ? '' : ` (kernel skipped: ${usable.reason})`}: %s`, (_, open) => {
  test('made once, kept between runs, removed once', () => {
    const backend = open(
      compile(STORAGE, usable.ok ? new Uint8Array(readFileSync('/sys/kernel/btf/vmlinux')) : undefined),
    )
    try {
      expect(outOf(backend).slice(0, 3)).toEqual([0n, 1n, 1n])
      expect(outOf(backend).slice(0, 3)).toEqual([1n, 2n, 1n])
      expect(outOf(backend).slice(0, 5)).toEqual([1n, 3n, 1n, 0n, -2n])
      expect(outOf(backend).slice(0, 3)).toEqual([0n, 1n, 1n])
    } finally {
      backend.close()
    }
  })
})

test('in the VM a task is its pid, for programs and for user space', () => {
  const vm = createVm(compile(STORAGE, undefined), { task: { pid: 5 } })
  const key = (pid: number) => new Uint8Array(Uint32Array.of(pid).buffer)
  const seen = vm.maps.get('seen')!
  outOf(vm)
  outOf(vm)
  vm.setSurroundings({ task: { pid: 6 } })
  outOf(vm)
  const count = (pid: number) => seen.lookup(key(pid))?.[0]
  expect([5, 6, 7].map(count)).toEqual([2, 1, undefined])
  expect(seen.delete(key(5))).toBe(true)
  expect(seen.delete(key(5))).toBe(false)
  expect(seen.nextKey(undefined)).toBeUndefined()
})
