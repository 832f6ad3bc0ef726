/** A CO-RE object through libbpf (bpftool) on this kernel; on older ones in test/vm. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileLisp, type Host, sourceFile } from '@unplugin-bpf/core'
import { expect, it } from 'vitest'
import { bpftoolRun, canUseKernel, type MapEntry, skipNote } from '../../support/kernel-oracle.ts'

const usable = canUseKernel()

it.skipIf(!usable.ok)(`libbpf relocates and runs what reads kernel structs${skipNote(usable)}`, () => {
  const vmlinux = new Uint8Array(readFileSync('/sys/kernel/btf/vmlinux'))
  const host: Host = { kernelBtf: () => vmlinux }
  const path = join(import.meta.dirname, '../../vm/guest/kernel-data.bpf.lisp')
  const { elf } = compileLisp(sourceFile('kernel-data.bpf.lisp', readFileSync(path, 'utf8')), host)
  const { runs, maps } = bpftoolRun(elf, 'packet', [new Uint8Array(64)])
  expect(runs).toMatchObject([{ retval: 0 }])
  // bpftool asked for the run: its own pid, thread group and name are what the program read out of the kernel.
  const [{ key, values }] = maps.get('by_pid') as [MapEntry]
  const [value] = values as [Uint8Array]
  expect([...value.subarray(0, 4)]).toEqual([...key])
  expect(new TextDecoder().decode(value.subarray(8)).split('\0')[0]).toBe('bpftool')
})
