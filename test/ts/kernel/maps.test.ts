/** Map kinds with a life of their own, from `.bpf.ts`: in the kernel, and those of packets in the VM too. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { buildPacket } from '@unplugin-bpf/core/packets'
import { kernelUsable } from '@unplugin-bpf/loader'
import { describe, expect, it } from 'vitest'
import { importProgram } from '../import-program.ts'
import type * as KernelMaps from './kernel-maps.bpf.ts'
import type * as Maps from './maps.bpf.ts'

const usable = kernelUsable()
const note = usable.ok ? '' : ` (skipped: ${usable.reason})`
const source = fileURLToPath(new URL('maps.bpf.ts', import.meta.url))
const packet = (length: number) => buildPacket({ ipv4: {}, udp: { to: 53 }, length })

async function load(backend: 'kernel' | 'vm') {
  const { default: prog } = await importProgram<typeof Maps>(source)
  return prog.load({ backend })
}

/** The VM does not simulate these kinds. */
async function loadKernelMaps() {
  const { default: prog } = await importProgram<typeof KernelMaps>(
    fileURLToPath(new URL('kernel-maps.bpf.ts', import.meta.url)),
  )
  return prog.load({ backend: 'kernel' })
}

describe.each(['vm', 'kernel'] as const)('in the %s', (backend) => {
  const skip = backend === 'kernel' && !usable.ok
  const title = (text: string) => (skip ? text + note : text)

  it.skipIf(skip)(title('maps in maps: first entries, the template, and one from user space'), async () => {
    using obj = await load(backend)
    const { inner } = obj.programs
    expect(inner.run(packet(64)).retval).toBe(2)
    expect(inner.run(packet(65)).retval).toBe(2)
    expect(inner.run(packet(65)).retval).toBe(2)
    expect(inner.run(packet(66)).retval).toBe(0) // an empty slot
    expect([...obj.maps.perPort.entries()].sort()).toEqual([
      [7, 2n],
      [8, 1n],
    ])
    expect([...obj.maps.second.entries()]).toEqual([[7, 4n]])
    if (backend === 'vm') return // makes no maps after loading
    const made = obj.maps.named.create()
    obj.maps.named.set(5, made)
    inner.run(packet(64))
    expect(made.get(0)).toBe(3n)
  })

  it.skipIf(skip)(title('tail calls into what the array holds from the start'), async () => {
    using obj = await load(backend)
    expect(obj.programs.dispatch.run(packet(80)).retval).toBe(3)
    expect(obj.maps.results.get(1)).toBe(80n)
    obj.maps.stages.delete(0)
    expect(obj.programs.dispatch.run(packet(80)).retval).toBe(0)
  })

  it.skipIf(skip)(title('a loop with a bound that depends on the packet'), async () => {
    using obj = await load(backend)
    const sums = [64, 67, 79].map((length) => {
      obj.programs.rounds.run(packet(length))
      return obj.maps.results.get(2)
    })
    expect(sums).toEqual([0n, 1n, BigInt(105 - 2 - 0)])
  })
})

describe.skipIf(!usable.ok)(`only in the kernel${note}`, () => {
  it('bloom filters and queues', async () => {
    using obj = await loadKernelMaps()
    const verdicts = [64, 64, 70].map((length) => obj.programs.bloom.run(packet(length)).retval)
    expect(verdicts).toEqual([2, 1, 2])
    expect([obj.maps.waiting.pop(), obj.maps.waiting.pop(), obj.maps.waiting.pop()]).toEqual([64, 70, undefined])
  })

  it('perf event arrays have a place for every CPU', async () => {
    using obj = await loadKernelMaps()
    obj.maps.samples.drain() // opens the buffers
    expect(obj.programs.sample.run(packet(90)).retval).toBe(2)
    const [sample] = obj.maps.samples.drain()
    expect({ ...sample, first: [...sample!.first] }).toEqual({ length: 90, first: [...packet(90).subarray(0, 4)] })
  })

  it('task storage', async () => {
    using obj = await loadKernelMaps()
    using _link = obj.programs.onExit.attach()
    spawnSync('/bin/true')
    expect(obj.maps.results.get(0)).toBeGreaterThanOrEqual(1n)
    expect(obj.maps.results.get(1)).toBe(obj.maps.results.get(0))
  })
})
