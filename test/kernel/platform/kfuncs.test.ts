/**
 * Functions of the kernel by name: the loader finds them in the running kernel's BTF, libbpf takes our declarations, the
 * VM says by name what it does not simulate.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileLisp } from '../../../packages/core/src/compile.ts'
import { CompileError } from '../../../packages/core/src/diag/compile-error.ts'
import { sourceFile } from '../../../packages/core/src/diag/source.ts'
import { fromElf } from '../../../packages/core/src/object/from-elf.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../../packages/loader/src/index.ts'
import { bpftoolLoad, canUseKernel, clangCompile, hasTool, skipNote } from '../../support/kernel-oracle.ts'

const kernel = canUseKernel()
const clang = hasTool('clang')
const VMLINUX = '/sys/kernel/btf/vmlinux'
const btf = existsSync(VMLINUX) ? ({ ok: true } as const) : ({ ok: false, reason: `no ${VMLINUX}` } as const)
const usable = kernel.ok ? btf : kernel
const packet = new Uint8Array(60)
const host = { kernelBtf: () => new Uint8Array(readFileSync(VMLINUX)) }
const compile = (text: string) => compileLisp(sourceFile('kfuncs.bpf.lisp', text), host)
const listed = readFileSync(join(import.meta.dirname, '../../filetests/run/platform/kfuncs.bpf.lisp'), 'utf8')

/** Declared as the kernel's BTF says: masks that must be given back, casts, iterators of numbers. */
const FROM_BTF = `
(defkfunc bpf-cpumask-create)
(defkfunc bpf-cpumask-set-cpu)
(defkfunc bpf-cpumask-test-cpu)
(defkfunc bpf-cpumask-release)
(defkfunc bpf-iter-num-new)
(defkfunc bpf-iter-num-next)
(defkfunc bpf-iter-num-destroy)
(defstruct iterator (opaque u64))

(defprog masks (:type :syscall)
  (let ((mask (bpf-cpumask-create)) (found 0))
    (unless mask (return 90))
    (bpf-cpumask-set-cpu 0 mask)
    (setf found (+ (bpf-cpumask-test-cpu 0 mask) (* 10 (bpf-cpumask-test-cpu 1 mask))))
    (bpf-cpumask-release mask)
    found))

(defprog numbers (:type :syscall)
  (let ((it (make-iterator)) (sum 0))
    (bpf-iter-num-new it 1 5)
    (let ((n (bpf-iter-num-next it)))
      (when n (setf sum (load u32 n))))
    (bpf-iter-num-destroy it)
    sum))`

describe('kernel functions', () => {
  it.skipIf(!usable.ok)(`declared by the kernel's BTF${skipNote(usable)}`, () => {
    const object = loadKernelObject(compile(FROM_BTF).object)
    try {
      expect(object.programs.get('masks')!.run({}).retval).toBe(1)
      expect(object.programs.get('numbers')!.run({}).retval).toBe(1)
    } finally {
      object.close()
    }
  })

  it.skipIf(!usable.ok)(`through libbpf${skipNote(usable)}`, () => {
    for (const text of [FROM_BTF, listed]) {
      const result = bpftoolLoad(compile(text).elf)
      expect(result.ok ? '' : result.log).toBe('')
    }
  })

  it('are read back from ELF', () => {
    const { object, elf } = compileLisp(sourceFile('kfuncs.bpf.lisp', listed))
    const called = fromElf(elf).programs.map(({ references = [] }) => references.map((each) => each.function))
    expect(called).toEqual(object.programs.map(({ references = [] }) => references.map((each) => each.function)))
    expect(called[0]).toEqual(['bpf_rcu_read_lock', 'bpf_rcu_read_unlock'])
  })

  it('are named by the VM, which does not have them', () => {
    const vm = createVm(compileLisp(sourceFile('kfuncs.bpf.lisp', listed)).object)
    const run = () => vm.programs.get('locked')!.run({ data: packet })
    expect(run).toThrow('the VM does not simulate the kernel function bpf_rcu_read_lock')
  })

  it.skipIf(!btf.ok)(`names that the kernel does not have get a hint${skipNote(btf)}`, () => {
    const messageOf = (text: string) => {
      try {
        compile(`${text} (defprog p (:type :xdp) 1)`)
        return ''
      } catch (error) {
        if (!(error instanceof CompileError)) throw error
        return error.diagnostics.map(({ message, hint }) => `${message}; ${hint}`).join()
      }
    }
    expect(messageOf('(defkfunc bpf-cpumask-creat)')).toContain('did you mean `bpf-cpumask-create`')
    expect(messageOf('(defkfunc schedule)')).toContain('does not let programs call `schedule`')
  })

  it.skipIf(!usable.ok)(`that the running kernel lacks are named at load${skipNote(usable)}`, () => {
    const { object } = compile('(defkfunc no-such-function () void) (defprog p (:type :xdp) (no-such-function) 1)')
    expect(() => loadKernelObject(object)).toThrow('calls the kernel function no_such_function')
  })

  it.skipIf(!usable.ok || !clang.ok)(`in objects of clang${skipNote(usable)}${skipNote(clang)}`, () => {
    const elf = clangCompile(`
extern void bpf_rcu_read_lock(void) __attribute__((section(".ksyms")));
extern void bpf_rcu_read_unlock(void) __attribute__((section(".ksyms")));
char LICENSE[] __attribute__((section("license"), used)) = "GPL";
__attribute__((section("xdp"), used)) int p(void *ctx) { bpf_rcu_read_lock(); bpf_rcu_read_unlock(); return 2; }`)
    const object = loadKernelObject(fromElf(elf))
    try {
      expect(object.btfRefusal).toBeUndefined()
      expect(object.programs.get('p')!.run({ data: packet }).retval).toBe(2)
    } finally {
      object.close()
    }
  })
})
