/** Kernel data in `.bpf.lisp`: programs read this very process out of the kernel, through our loader. */
import { readFileSync } from 'node:fs'
import { compileLisp, type Host, sourceFile } from '@unplugin-bpf/core'
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { describe, expect, it } from 'vitest'

const usable = kernelUsable()
const title = usable.ok ? 'kernel data in Lisp' : `kernel data in Lisp (skipped: ${usable.reason})`
const vmlinux = usable.ok ? new Uint8Array(readFileSync('/sys/kernel/btf/vmlinux')) : undefined
const host: Host = { kernelBtf: () => vmlinux }

/** Runs the syscall program `go` of a source and gives the map `out`. */
function run(source: string): (key: number) => bigint {
  const { object } = compileLisp(
    sourceFile('t.bpf.lisp', `(defmap out :type :array :key-size 4 :value-size 8 :max-entries 16)\n${source}`),
    host,
  )
  const loaded = loadKernelObject(object)
  try {
    expect(loaded.btfRefusal).toBeUndefined()
    expect(loaded.programs.get('go')!.run({}).retval).toBe(0)
    const map = loaded.maps.get('out')!
    const values = Array.from({ length: 16 }, (_, i) => map.lookup(new Uint8Array([i, 0, 0, 0]))!.slice())
    return (key) => new DataView(values[key]!.buffer).getBigUint64(0, true)
  } finally {
    loaded.close()
  }
}

const comm = (): bigint => {
  const bytes = new Uint8Array(16)
  bytes.set(new TextEncoder().encode(readFileSync('/proc/self/comm', 'latin1').trim().slice(0, 15)))
  return new DataView(bytes.buffer).getBigUint64(0, true)
}

describe.skipIf(!usable.ok)(title, () => {
  it('import-kernel-struct reads pid, tgid, comm and the parent', () => {
    const out = run(`
      (import-kernel-struct task-struct pid tgid comm real-parent se.vruntime)
      (defprog go (:type :syscall)
        (let* ((task (get-current-task)) (buf (struct-alloc 16)))
          (setf (getmap out 0) (task-struct-pid task))
          (setf (getmap out 1) (task-struct-tgid task))
          (probe-read-kernel buf 16 (task-struct-comm task))
          (setf (getmap out 2) (load u64 buf 0))
          (setf (getmap out 3) (task-struct-tgid (task-struct-real-parent task)))
          (setf (getmap out 4) (task-struct-se.vruntime task))
          (setf (getmap out 5) +task-struct-size+)
          (setf (getmap out 6) (core-type-size task-struct)))
        0)`)
    expect([0, 1, 3].map(out)).toEqual([BigInt(process.pid), BigInt(process.pid), BigInt(process.ppid)])
    expect(out(2)).toBe(comm())
    expect(out(4)).toBeGreaterThan(0n)
    expect(out(5)).toBe(out(6))
  })

  it('core-load follows pointers that the verifier knows', () => {
    const out = run(`
      (defprog go (:type :syscall)
        (let* ((task (get-current-task-btf))
               (parent (core-load u64 task task-struct real-parent)))
          (setf (getmap out 0) (core-load i32 task task-struct pid))
          (setf (getmap out 1) (core-load i32 parent task-struct tgid)))
        0)`)
    expect([0, 1].map(out)).toEqual([BigInt(process.pid), BigInt(process.ppid)])
  })

  it('questions are answered by the kernel', () => {
    const out = run(`
      (import-kernel-struct task-struct pid)
      (defprog go (:type :syscall)
        (setf (getmap out 0) (core-field-exists task-struct pid))
        (setf (getmap out 1) (core-field-exists task-struct no-such-field))
        (setf (getmap out 2) (core-type-exists task-struct))
        (setf (getmap out 3) (core-type-exists no-such-struct))
        (setf (getmap out 4) (core-enum-value pid-type PIDTYPE_SID))
        (setf (getmap out 5) (core-enum-exists pid-type PIDTYPE_NONE))
        (setf (getmap out 6) (core-field-size task-struct comm))
        (if (core-field-exists task-struct no-such-field)
            (setf (getmap out 7) (core-load u32 (get-current-task-btf) 8 task-struct no-such-field))
            (setf (getmap out 7) 77))
        0)`)
    expect([0, 1, 2, 3, 4, 5, 6, 7].map(out)).toEqual([1n, 0n, 1n, 0n, 3n, 0n, 16n, 77n])
  })
})
