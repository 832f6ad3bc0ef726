import { describe, expect, test } from 'vitest'
import type { BpfObject } from '../../../packages/core/src/object/object.ts'
import type { ObjectBackend, RunInput } from '../../../packages/core/src/runtime/backend.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import { kernelUsable, loadKernelObject } from '../../../packages/loader/src/index.ts'
import { type AsmProgram, asmObject, mapSpec } from '../../support/asm-object.ts'

/** Helpers and maps against values from the kernel's sources, and the kernel itself where it is there. */
const usable = kernelUsable()
const backends: [string, (object: BpfObject) => ObjectBackend][] = [['vm', (object) => createVm(object)]]
if (usable.ok) backends.push(['kernel', loadKernelObject])
const title = usable.ok ? 'VM and kernel' : `VM (kernel skipped: ${usable.reason})`

const OUT = mapSpec('out', 'array', { maxEntries: 1, valueSize: 64 })
const packet = Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x12, 0x34, ...new Uint8Array(46).fill(7))

/** Runs `p` and gives what it wrote to the map `out` as 64-bit numbers. */
function outOf(backend: ObjectBackend, input: RunInput = { data: packet }): bigint[] {
  backend.programs.get('p')!.run(input)
  return [...new BigInt64Array(backend.maps.get('out')!.lookup(new Uint8Array(4))!.slice().buffer)]
}

function withBackend<T>(
  object: BpfObject,
  open: (object: BpfObject) => ObjectBackend,
  use: (b: ObjectBackend) => T,
): T {
  const backend = open(object)
  try {
    return use(backend)
  } finally {
    backend.close()
  }
}

describe.each(backends)(`${title}: %s`, (_, open) => {
  test('a bloom filter has what was added, by user space and by programs', () => {
    const ask = (call: string, more = '') => `r1 = map seen\nr2 = r10\nr2 += -8\n${more}call bpf_map_${call}_elem\n`
    const text = `r7 = value out+0
      *(u64 *)(r10 - 8) = 5\n${ask('peek')}*(u64 *)(r7 + 0) = r0
      *(u64 *)(r10 - 8) = 6\n${ask('peek')}*(u64 *)(r7 + 8) = r0
      ${ask('push', 'r3 = 0\n')}*(u64 *)(r7 + 16) = r0
      ${ask('peek')}*(u64 *)(r7 + 24) = r0
      ${ask('push', 'r3 = 1\n')}*(u64 *)(r7 + 32) = r0
      r0 = 2\nexit`
    const seen = mapSpec('seen', 'bloom_filter', { keySize: 0, maxEntries: 100 })
    withBackend(asmObject({ p: text }, [OUT, seen]), open, (backend) => {
      const map = backend.maps.get('seen')!
      const value = (n: bigint) => new Uint8Array(BigUint64Array.of(n).buffer)
      map.update(new Uint8Array(0), value(5n), 0)
      expect(map.contains!(value(5n))).toBe(true)
      expect(map.contains!(value(6n))).toBe(false)
      // -ENOENT; -EINVAL for flags other than BPF_ANY.
      expect(outOf(backend).slice(0, 5)).toEqual([0n, -2n, 0n, 0n, -22n])
      expect(map.contains!(value(6n))).toBe(true)
      expect(() => map.update(new Uint8Array(0), value(1n), 1)).toThrow(/EINVAL/)
      expect(() => map.contains!(new Uint8Array(4))).toThrow()
    })
  })

  const numbers: [helper: 'strtol' | 'strtoul', text: string, flags: number, result: bigint, value: bigint][] = [
    ['strtol', '42 ', 0, 2n, 42n],
    ['strtol', ' \t-17x', 10, 5n, -17n],
    ['strtol', '0x1F', 0, 4n, 31n],
    ['strtol', '0755', 0, 4n, 493n],
    ['strtol', '0xzz', 0, 1n, 0n],
    ['strtol', '0xzz', 16, -22n, 0n],
    ['strtol', 'ff', 16, 2n, 255n],
    ['strtol', '089', 8, 1n, 0n],
    ['strtol', '-9223372036854775808', 0, 20n, -(2n ** 63n)],
    ['strtol', '9223372036854775808', 0, -34n, 0n],
    ['strtol', '-', 0, -22n, 0n],
    ['strtol', 'abc', 10, -22n, 0n],
    ['strtol', '1', 7, -22n, 0n],
    ['strtol', '1', 32, -22n, 0n],
    ['strtoul', '18446744073709551615', 0, 20n, -1n],
    ['strtoul', '18446744073709551616', 0, -34n, 0n],
    ['strtoul', '-1', 0, -22n, 0n],
  ]
  test.each(numbers)('%s of "%s" in base %i', (helper, text, flags, result, value) => {
    const bytes = [...Buffer.from(text)].map((byte, i) => `*(u8 *)(r10 - ${32 - i}) = ${byte}`)
    const program = `r7 = value out+0\n${bytes.join('\n')}\n*(u64 *)(r10 - 8) = 99
      r1 = r10\nr1 += -32\nr2 = ${text.length}\nr3 = ${flags}\nr4 = r10\nr4 += -8\ncall bpf_${helper}
      *(u64 *)(r7 + 0) = r0\nr1 = *(u64 *)(r10 - 8)\n*(u64 *)(r7 + 8) = r1\nr0 = 1\nexit`
    // Both are for cgroup programs that see text (sysctl) and for every program since 6.0.
    const object = asmObject({ p: { text: program, type: 'sched_cls' } }, [OUT])
    withBackend(object, open, (backend) => expect(outOf(backend).slice(0, 2)).toEqual([result, value]))
  })

  test.each([
    [32, 'n=-5 x=ff', 10n],
    [5, 'n=-5', 10n],
    [1, '', 10n],
  ])('snprintf into %i bytes', (size, text, length) => {
    const format = new TextEncoder().encode('n=%d x=%llx\0')
    const data = { section: '.rodata', content: format, frozen: true }
    const rodata = mapSpec('ro', 'array', { maxEntries: 1, valueSize: format.length, flags: 0x80, data })
    const program = `r7 = value out+0\nr1 = -5\n*(u64 *)(r10 - 16) = r1\n*(u64 *)(r10 - 8) = 255
      r1 = r7\nr1 += 8\nr2 = ${size}\nr3 = value ro+0\nr4 = r10\nr4 += -16\nr5 = 16\ncall bpf_snprintf
      *(u64 *)(r7 + 0) = r0\nr0 = 1\nexit`
    withBackend(asmObject({ p: { text: program, type: 'sched_cls' } }, [OUT, rodata]), open, (backend) => {
      const out = outOf(backend)
      expect(out[0]).toBe(length)
      const bytes = new Uint8Array(BigInt64Array.from(out).buffer, 8, size)
      expect(Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString()).toBe(text)
    })
  })
})

/** Length, protocol, vlan_present, vlan_tci, vlan_proto of the context. */
const STATE = [0, 16, 20, 24, 28]
const push = (proto: number, tci: number) => `r1 = r6\nr2 = ${proto}\nr3 = ${tci}\ncall bpf_skb_vlan_push\n`
const pop = 'r1 = r6\ncall bpf_skb_vlan_pop\n'
const tagged = (...tags: number[]) => Uint8Array.of(...packet.subarray(0, 12), ...tags, ...packet.subarray(12))

function vlanProgram(calls: readonly string[]): AsmProgram {
  const fields = STATE.map((offset, i) => `r1 = *(u32 *)(r6 + ${offset})\n*(u64 *)(r7 + ${8 + 8 * i}) = r1\n`)
  const text = `r6 = r1\nr7 = value out+0\n${calls.join('')}*(u64 *)(r7 + 0) = r0\n${fields.join('')}r0 = 0\nexit`
  return { text, type: 'sched_cls' }
}

function vlanOutcome(calls: readonly string[], data: Uint8Array, open: (object: BpfObject) => ObjectBackend) {
  return withBackend(asmObject({ p: vlanProgram(calls) }, [OUT]), open, (backend) => {
    const state = outOf(backend, { data })
    return { state, data: Buffer.from(backend.programs.get('p')!.run({ data }).data).toString('hex') }
  })
}

describe('VLAN tags', () => {
  test('the outer tag lies beside the packet, an inner one in its bytes', () => {
    const once = vlanOutcome([push(0x0081, 5)], packet, (object) => createVm(object))
    expect(once.state.slice(0, 6)).toEqual([0n, 60n, 0x3412n, 1n, 5n, 0x81n])
    expect(once.data).toBe(Buffer.from(packet).toString('hex'))
    const twice = vlanOutcome([push(0x0081, 5), push(0xa888, 6)], packet, (object) => createVm(object))
    expect(twice.state.slice(0, 6)).toEqual([0n, 64n, 0x81n, 1n, 6n, 0xa888n])
    expect(twice.data).toBe(Buffer.from(tagged(0x81, 0, 0, 5)).toString('hex'))
  })

  test.skipIf(!usable.ok)(`VM and kernel agree${usable.ok ? '' : ` (skipped: ${usable.reason})`}`, () => {
    const one = tagged(0x81, 0, 0, 9)
    const two = tagged(0x88, 0xa8, 0x20, 7, 0x81, 0, 0, 9)
    for (const data of [packet, one, two, Uint8Array.of(...one.subarray(0, 14), 0, 1)]) {
      for (const calls of [
        [push(0x0081, 5)],
        [push(0xa888, 0xffff), push(0x1234, 6), push(0x0081, 7)],
        [pop],
        [pop, pop],
        [pop, pop, pop],
        [push(0x0081, 5), pop],
        [push(0x0081, 5), push(0x0081, 6), pop],
        [push(0x0081, 5), push(0x0081, 6), pop, pop],
      ]) {
        const expected = vlanOutcome(calls, data, loadKernelObject)
        expect(
          vlanOutcome(calls, data, (object) => createVm(object)),
          calls.join('; '),
        ).toEqual(expected)
      }
    }
  })
})
