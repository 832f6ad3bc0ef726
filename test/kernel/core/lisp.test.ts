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

const PROGRAMS = {
  'a tracepoint with strings': `
    (deftracepoint sched/sched-process-fork)
    (deftracepoint sched/sched-switch prev-pid next-comm)
    (deftracepoint syscalls/sys-enter-openat)
    (defmap hits :type :hash :key-size 4 :value-size 8 :max-entries 64)
    (defprog fork (:type :tracepoint :section "tracepoint/sched/sched_process_fork")
      (let ((buf (struct-alloc 16)))
        (probe-read-kernel-str buf 16 (tp-child-comm))
        (setf (getmap hits (tp-child-pid)) (+ (load u8 buf 0) (tp-parent-comm-length)))
        0))
    (defprog switch (:type :tracepoint :section "tracepoint/sched/sched_switch")
      (let ((buf (struct-alloc 16)))
        (probe-read-kernel buf 16 (tp-next-comm-ptr))
        (incf (getmap hits (tp-prev-pid)))
        (incf (getmap hits (tp-next-comm 0)))
        0))
    (defprog opens (:type :tracepoint :section "tracepoint/syscalls/sys_enter_openat")
      (let ((buf (struct-alloc 16)))
        (probe-read-user-str buf 16 (tp-filename))
        (incf (getmap hits (tp-dfd)))
        0))`,
  'an iterator over tasks': `
    (defmap hits :type :hash :key-size 4 :value-size 8 :max-entries 64)
    (defprog tasks (:type :iter :section "iter/task")
      (let ((task (arg task)))
        (when task (incf (getmap hits (core-load i32 task task-struct tgid))))
        0))`,
  'a raw tracepoint by argument name': `
    (import-kernel-struct task-struct tgid)
    (defmap hits :type :hash :key-size 4 :value-size 8 :max-entries 64)
    (defprog switches (:type :raw-tp :section "raw_tp/sched_switch")
      (incf (getmap hits (task-struct-tgid (arg next))))
      0)`,
  'a typed tracepoint': `
    (defmap hits :type :hash :key-size 4 :value-size 8 :max-entries 64)
    (defprog switches (:type :tp-btf :section "tp_btf/sched_switch")
      (incf (getmap hits (core-load i32 (arg next) task-struct tgid)))
      (incf (getmap hits (arg prev-state)))
      0)`,
  'a kprobe by argument name': `
    (import-kernel-struct filename name)
    (defmap hits :type :hash :key-size 8 :value-size 8 :max-entries 64)
    (defprog unlink (:type :kprobe :section "kprobe/do_unlinkat")
      (incf (getmap hits (filename-name (arg name))))
      (incf (getmap hits (arg dfd)))
      0)`,
  'a context field, relocated': `
    (defprog x (:type :xdp)
      (let ((data (core-ctx-load u32 0 xdp-md data)) (end (core-ctx-load u32 4 xdp-md data-end)))
        (if (> (+ data 14) end) XDP_PASS (if (= (load u8 data 12) 8) XDP_DROP XDP_PASS))))`,
} as const

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

  const loads = (source: string): void => {
    const { object } = compileLisp(sourceFile('t.bpf.lisp', source), host)
    loadKernelObject(object).close()
  }

  it.each(Object.entries(PROGRAMS))('%s loads', (_, source) => loads(source))

  it('arguments of a raw tracepoint, by name', () => {
    const { object } = compileLisp(
      sourceFile(
        't.bpf.lisp',
        `(import-kernel-struct task-struct tgid)
         (defmap out :type :array :key-size 4 :value-size 8 :max-entries 2)
         (defprog go (:type :tracing :section "tp_btf/sys_enter")
           (when (= (>> (get-current-pid-tgid) 32) ${process.pid})
             (setf (getmap out 0) (core-load u64 (arg regs) pt-regs orig-ax))
             (setf (getmap out 1) (arg id)))
           0)`,
      ),
      host,
    )
    const loaded = loadKernelObject(object)
    try {
      loaded.programs.get('go')!.attach({})
      readFileSync('/proc/self/stat')
      const map = loaded.maps.get('out')!
      const value = (key: number) =>
        new DataView(map.lookup(new Uint8Array([key, 0, 0, 0]))!.slice().buffer).getBigUint64(0, true)
      expect(value(1)).toBeGreaterThan(0n)
    } finally {
      loaded.close()
    }
  })
})
