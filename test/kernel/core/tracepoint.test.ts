/** `deftracepoint` with the shipped table: what the program reads is what happened. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileLisp, sourceFile } from '@unplugin-bpf/core'
import { kernelUsable } from '@unplugin-bpf/loader'
import { describe, expect, it } from 'vitest'
import { nodeCommand, run } from '../loader/netns.ts'

const usable = kernelUsable()
const title = usable.ok ? 'tracepoints of the shipped table' : `tracepoints (skipped: ${usable.reason})`

const SOURCE = `
(deftracepoint sched/sched-process-fork)
(deftracepoint syscalls/sys-enter-openat)
(defstruct fork (parent u32) (length u32) (comm (array u8 16)))
(defmap forks :type :hash :key-size 4 :value-type fork :max-entries 4096)
(defmap opens :type :hash :key-size 4 :value-size 16 :max-entries 4096)
(defprog forked (:type :tracepoint :section "tracepoint/sched/sched_process_fork")
  (let ((value (make-fork)) (child (tp-child-pid)))
    (setf (fork-parent value) (tp-parent-pid) (fork-length value) (tp-parent-comm-length))
    (probe-read-kernel-str (fork-comm-ptr value) 16 (tp-child-comm))
    (setf (getmap forks child) value))
  0)
(defprog opened (:type :tracepoint :section "tracepoint/syscalls/sys_enter_openat")
  (let ((name (struct-alloc 16)) (pid u32 (>> (get-current-pid-tgid) 32)))
    (probe-read-user-str name 16 (tp-filename))
    (setf (getmap opens pid) name))
  0)`

describe.skipIf(!usable.ok)(title, () => {
  it('forks and opened files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ubpf-tp-'))
    try {
      const object = join(folder, 't.bpf.o')
      writeFileSync(object, compileLisp(sourceFile('t.bpf.lisp', SOURCE)).elf)
      const script = join(import.meta.dirname, 'tracepoint-script.ts')
      const seen = JSON.parse(run('unshare', '--mount', ...nodeCommand(script), object))
      // The thread that forks may have another name than the process.
      expect(seen).toMatchObject({ parent: true, opened: '/proc/version' })
      expect(seen.comm).not.toBe('')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
