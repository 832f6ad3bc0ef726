/** The worked example of the authoring API (test/ts/types/filter.bpf.ts): every program loads, and the XDP part filters. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { buildPacket } from '../../packages/core/src/packets/packets.ts'
import type { ObjectBackend } from '../../packages/core/src/runtime/backend.ts'
import { createVm } from '../../packages/core/src/vm/vm.ts'
import { loadKernelObject } from '../../packages/loader/src/index.ts'
import { compileBpfTs } from '../../packages/unplugin-bpf/src/compile-ts.ts'
import { canUseKernel, skipNote } from '../support/kernel-oracle.ts'

const kernel = canUseKernel()
const compile = async () => (await compileBpfTs(join(import.meta.dirname, '..', 'ts', 'types', 'filter.bpf.ts'))).object

function expectFilter(backend: ObjectBackend): void {
  try {
    const run = (program: string, port: number) =>
      backend.programs.get(program)!.run({ data: buildPacket({ ipv4: {}, tcp: { to: port } }) }).retval
    expect([22, 23, 80, 443, 3389].map((port) => run('drop_blocked', port))).toEqual([1, 1, 2, 2, 1])
    expect([22, 80, 443].map((port) => run('drop80', port))).toEqual([2, 1, 2])
    expect([22, 80, 443].map((port) => run('drop443', port))).toEqual([2, 2, 1])
    const counts = backend.maps.get('counts')!
    expect(counts.lookup(Uint8Array.of(80, 0, 0, 0))?.[0]).toBe(1)
  } finally {
    backend.close()
  }
}

it('VM', async () => expectFilter(createVm(await compile())))
it.skipIf(!kernel.ok)(`kernel${skipNote(kernel)}`, async () => expectFilter(loadKernelObject(await compile())))
