/** Structs of the kernel in `.bpf.ts`: read from a process of our own, with and without the kernel's BTF at build time. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { kernelUsable, loadKernelObject } from '@unplugin-bpf/loader'
import { describe, expect, it } from 'vitest'
import { Bag, compileModule, lowerObject, type ParseSource } from '../../../packages/core/src/index.ts'
import { evaluateFile } from '../../../packages/unplugin-bpf/src/evaluate/evaluate.ts'
import { importProgram } from '../import-program.ts'
import type * as Task from './task.bpf.ts'

const usable = kernelUsable()
const note = usable.ok ? '' : ` (skipped: ${usable.reason})`
const source = fileURLToPath(new URL('task.bpf.ts', import.meta.url))

/** The object as a machine without BTF compiles it: offsets are the kernel's to tell. */
async function compileWithoutTypes() {
  const { module, parse } = await evaluateFile(source)
  const bag = new Bag()
  // ESTree in both.
  const lowered = lowerObject({ evaluated: module, parse: parse as unknown as ParseSource }, bag)
  return compileModule(lowered, {}, bag).object
}

describe.skipIf(!usable.ok)(`task_struct${note}`, () => {
  it('reads fields, embedded structs, pointers and strings, by helper and by BTF pointer', async () => {
    const { default: prog } = await importProgram<typeof Task>(source)
    using obj = prog.load({ backend: 'kernel' })
    using link = obj.programs.onExec.attach()
    // The shell starts a child that is the last to pass the tracepoint.
    const shell = spawnSync('/bin/sh', ['-c', '/bin/true; :'])
    link.detach()
    const seen = obj.maps.seen.get(0)
    expect(seen).toMatchObject({
      parent: shell.pid,
      grandparent: process.pid,
      comm: 'true',
      parentComm: 'sh',
      missing: 42,
    })
    expect(seen.typedPid).toBe(seen.pid)
    expect(seen.typedParent).toBe(shell.pid)
    expect(seen.vruntime).toBeGreaterThan(0n)
    expect(seen.depth).toBeGreaterThanOrEqual(2)
  })

  it('is relocated by the loader when the build had no types', async () => {
    const backend = loadKernelObject(await compileWithoutTypes())
    try {
      const link = backend.programs.get('on_exec')!.attach({})
      const shell = spawnSync('/bin/sh', ['-c', '/bin/true; :'])
      link.detach()
      const bytes = backend.maps.get('seen')!.lookup(new Uint8Array(4))!
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      expect([view.getInt32(4, true), view.getInt32(8, true)]).toEqual([shell.pid, process.pid])
    } finally {
      backend.close()
    }
  })
})
