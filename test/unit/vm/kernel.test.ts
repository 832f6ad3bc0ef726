import { afterAll, describe, expect, test } from 'vitest'
import { encodeInsns } from '../../../packages/core/src/bpf/encode.ts'
import type { Insn } from '../../../packages/core/src/bpf/insn.ts'
import type { BpfObject, MapSpec } from '../../../packages/core/src/object/object.ts'
import type { ObjectBackend, RunInput } from '../../../packages/core/src/runtime/backend.ts'
import { createVm } from '../../../packages/core/src/vm/vm.ts'
import { kernelUsable, loadKernelObject } from '../../../packages/loader/src/index.ts'
import { possibleCpus } from '../../../packages/loader/src/sys/machine.ts'
import { type AsmProgram, asmObject, asmProgram, mapSpec } from '../../support/asm-object.ts'

/** The VM against the kernel: the same operations, programs and packets must give the same results. */
const usable = kernelUsable()
const why = usable.ok ? '' : ` (skipped: ${usable.reason})`
const cpus = usable.ok ? possibleCpus() : 1

const open: ObjectBackend[] = []
afterAll(() => {
  for (const backend of open) backend.close()
})

function both(object: BpfObject): { vm: ObjectBackend; kernel: ObjectBackend } {
  const kernel = loadKernelObject(object)
  open.push(kernel)
  return { vm: createVm(object, { cpus }), kernel }
}

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex')

/** A result, or the errno. */
function attempt<T>(operation: () => T): T | string {
  try {
    return operation()
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined) throw error
    return code
  }
}

let seed = 42
const random = (below: number) => {
  seed ^= seed << 13
  seed ^= seed >>> 17
  seed ^= seed << 5
  return (seed >>> 0) % below
}
const randomBytes = (length: number) => Uint8Array.from({ length }, () => random(256))

const xdp = (text: string): AsmProgram => ({ text, type: 'xdp' })
const OUT = mapSpec('out', 'array', { maxEntries: 1, valueSize: 256 })

describe.skipIf(!usable.ok)(`VM and kernel agree on maps${why}`, () => {
  const kinds: MapSpec[] = [
    mapSpec('m', 'array', { maxEntries: 5, valueSize: 12 }),
    mapSpec('m', 'hash', { maxEntries: 6, keySize: 2, valueSize: 12 }),
    mapSpec('m', 'hash', { maxEntries: 6, keySize: 9, flags: 1 }),
    mapSpec('m', 'percpu_array', { maxEntries: 5, valueSize: 12 }),
    mapSpec('m', 'percpu_hash', { maxEntries: 6, valueSize: 4 }),
    mapSpec('m', 'lpm_trie', { maxEntries: 8, keySize: 6, valueSize: 4, flags: 1 }),
  ]

  /** Few different keys, so that hits, misses and a full map all happen. */
  function randomKey(spec: MapSpec): Uint8Array {
    const key = new Uint8Array(spec.keySize)
    key[0] = random(spec.type.includes('array') ? spec.maxEntries + 2 : 10)
    if (spec.type === 'lpm_trie') {
      key[0] = random(18)
      key.set([random(2) * 128 + random(2), random(3) * 64], 4)
    }
    return key
  }

  test.each(kinds)('$type, $keySize-byte keys, flags $flags: 400 random operations', (spec) => {
    const { vm, kernel } = both(asmObject({}, [spec]))
    const [a, b] = [vm.maps.get('m')!, kernel.maps.get('m')!]
    expect(a.cpus).toBe(b.cpus)
    const size =
      a.cpus > 1 || spec.type.startsWith('percpu') ? Math.ceil(spec.valueSize / 8) * 8 * a.cpus : spec.valueSize
    for (let i = 0; i < 400; i++) {
      const key = randomKey(spec)
      const kind = random(10)
      const flags = [0, 0, 0, 1, 2, 3][random(6)]!
      const value = randomBytes(size)
      // The padding between per-CPU values does not exist on the way out of the kernel.
      const step = Math.ceil(spec.valueSize / 8) * 8
      if (size !== spec.valueSize) for (let j = 0; j < size; j++) if (j % step >= spec.valueSize) value[j] = 0
      const operation = (map: typeof a) => {
        if (kind < 5) return attempt(() => map.update(key, value, flags))
        if (kind < 7) return attempt(() => map.delete(key))
        return attempt(() => hex(map.lookup(key)))
      }
      const names = ['update', 'delete', 'lookup']
      const what = `${i}: ${names[kind < 5 ? 0 : kind < 7 ? 1 : 2]} ${hex(key)} flags ${flags}`
      expect(operation(a), what).toEqual(operation(b))
    }
    const keys = (map: typeof a) => {
      const all: string[] = []
      for (let key = map.nextKey(undefined); key; key = map.nextKey(key)) all.push(hex(key)!)
      return all.sort()
    }
    expect(keys(a)).toEqual(keys(b))
  })

  test('ring buffer: refuses at the same record, delivers the same bytes', () => {
    const text = `
      r6 = *(u32 *)(r1 + 0)
      r7 = *(u32 *)(r1 + 4)
      r1 = r6
      r1 += 40
      if r1 > r7 goto out
      r3 = *(u8 *)(r6 + 0)
      if r3 > 40 goto out
      r2 = value out+0
      r1 = *(u64 *)(r6 + 8)
      *(u64 *)(r2 + 0) = r1
      r1 = map ring
      r4 = 0
      call bpf_ringbuf_output
      exit
    out:
      r0 = 99
      exit`
    const spec = mapSpec('ring', 'ringbuf', { keySize: 0, valueSize: 0, maxEntries: 4096 })
    const { vm, kernel } = both(asmObject({ p: text }, [spec, OUT]))
    for (let i = 0; i < 600; i++) {
      const data = randomBytes(60)
      data[0] = 1 + random(40)
      const run = (backend: ObjectBackend) => backend.programs.get('p')!.run({ data }).retval
      expect(run(vm), `record ${i}`).toBe(run(kernel))
      if (random(9) > 0) continue
      const limit = random(30)
      const drain = (backend: ObjectBackend) => {
        const records: string[] = []
        backend.maps.get('ring')!.ring!.drain((record) => records.push(hex(record)!), limit)
        return records
      }
      expect(drain(vm)).toEqual(drain(kernel))
    }
  })
})

const ALU_NAMES = ['+=', '-=', '*=', '/=', 's/=', '%=', 's%=', '|=', '&=', '^=', '<<=', '>>=', 's>>=', '=']

/** Arithmetic on r0 and r6..r9, every register folded into r0 at the end. */
function randomProgram(): string {
  const names = [0, 6, 7, 8, 9]
  const pick = () => names[random(5)]!
  const lines = names.map((r) => `r${r} = ${interesting()} ll`)
  for (let i = 0; i < 40; i++) {
    const letter = random(2) === 0 ? 'r' : 'w'
    const [d, s] = [pick(), pick()]
    const op = ALU_NAMES[random(ALU_NAMES.length)]!
    const special = random(12)
    if (special === 0) lines.push(`r${d} = ${['le', 'be', 'bswap'][random(3)]}${[16, 32, 64][random(3)]} r${d}`)
    else if (special === 1) lines.push(`${letter}${d} = -${letter}${d}`)
    else if (special === 2) lines.push(`${letter}${d} = (s${[8, 16][random(2)]})${letter}${s}`)
    else if (special === 3)
      lines.push(
        `if ${letter}${d} ${['<', 's>', '==', '!=', 's<='][random(5)]} ${letter}${s} goto +1`,
        `r${pick()} ^= 77`,
      )
    else if (op.includes('<<') || op.includes('>>'))
      lines.push(`${letter}${d} ${op} ${random(letter === 'r' ? 64 : 32)}`)
    else if (random(3) === 0) lines.push(`${letter}${d} ${op} ${random(0x7fff_ffff) + 1}`)
    else lines.push(`${letter}${d} ${op} ${letter}${s}`)
  }
  for (const r of [6, 7, 8, 9]) lines.push(`r0 ^= r${r}`)
  lines.push('r1 = r0', 'r1 >>= 32', 'r0 ^= r1', 'exit')
  return lines.join('\n')
}

function interesting(): bigint {
  const edges = [0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 2n ** 63n, 2n ** 63n - 1n, 2n ** 64n - 1n]
  if (random(3) === 0) return BigInt.asIntN(64, edges[random(edges.length)]!)
  return BigInt.asIntN(64, (BigInt(random(0x7fff_ffff)) << 33n) ^ BigInt(random(0x7fff_ffff)))
}

/** `r7` = where results go; `r6` = the context. */
const prologue = 'r6 = r1\nr7 = value out+0\n'
const field = (size: 8 | 16 | 32 | 64, offset: number, at: number) =>
  `r1 = *(u${size} *)(r6 + ${offset})\n*(u64 *)(r7 + ${at}) = r1\n`

describe.skipIf(!usable.ok)(`VM and kernel agree on programs${why}`, () => {
  const packet = (size: number) => {
    const bytes = randomBytes(Math.max(size, 14))
    bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0], 0)
    return bytes.subarray(0, size)
  }

  function compare(object: BpfObject, inputs: readonly RunInput[]): void {
    const { vm, kernel } = both(object)
    for (const [i, input] of inputs.entries()) {
      const run = (backend: ObjectBackend) =>
        attempt(() => {
          const { retval, data, ctx } = backend.programs.get('p')!.run(input)
          return {
            retval,
            data: hex(data),
            ctx: hex(ctx),
            out: hex(backend.maps.get('out')?.lookup(new Uint8Array(4))),
          }
        })
      expect(run(vm), `input ${i} (${input.data?.length} bytes)`).toEqual(run(kernel))
    }
    kernel.close()
  }

  test('arithmetic, byte order, conditions: 100 random programs', () => {
    for (let i = 0; i < 100; i++) compare(asmObject({ p: randomProgram() }), [{ data: packet(60) }])
  })

  test('the bytes of a program are those that the kernel takes', () => {
    const insns: readonly Insn[] = asmProgram('p', 'r0 = 2\nexit').insns
    expect(hex(encodeInsns(insns))).toBe('b700000002000000' + '9500000000000000')
  })

  test.each(['sched_cls', 'cgroup_skb', 'socket_filter'])('what a %s program sees of __sk_buff', (type) => {
    // len, pkt_type, mark, queue_mapping, protocol, vlan_*, priority, ingress_ifindex, ifindex, hash, cb[0], gso_*.
    const offsets = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 68, 164, 176]
    const family = type === 'cgroup_skb' ? [88, 92, 96, 100, 112, 116, 120, 132, 136] : []
    const loads = [...offsets, ...family].map((offset, i) => field(32, offset, i * 8)).join('')
    const text = `${prologue}${loads}r0 = 1\nexit`
    const inputs = [
      ...[60, 34, 33, 14, 13, 0, 1500, 3712, 3713].map((size) => packet(size)),
      Uint8Array.of(...packet(12), 0x86, 0xdd, ...randomBytes(40)),
      Uint8Array.of(...packet(12), 0x86, 0xdd, ...randomBytes(39)),
      Uint8Array.of(...new Uint8Array(12).fill(255), 8, 6, 1),
      Uint8Array.of(1, ...new Uint8Array(11), 0, 9, 255, 255),
      Uint8Array.of(0, ...new Uint8Array(11), 0, 9, 0, 0),
      Uint8Array.of(0, ...new Uint8Array(11), 0x81, 0, 0, 5, 8, 0),
    ].map((data) => ({ data }))
    compare(asmObject({ p: { text, type, section: type } }, [OUT]), inputs)
  })

  test('a context from user space: mark, priority, cb go in and come out', () => {
    const text = `${prologue}${field(32, 8, 0)}${field(32, 48, 8)}r1 = 9\n*(u32 *)(r6 + 8) = r1\n*(u32 *)(r6 + 52) = r1\nr0 = 0\nexit`
    const ctx = new Uint8Array(192)
    new DataView(ctx.buffer).setUint32(8, 1234, true)
    new DataView(ctx.buffer).setUint32(48, 5678, true)
    const forbidden = ctx.slice()
    forbidden[0] = 1
    compare(asmObject({ p: { text, type: 'sched_cls' } }, [OUT]), [
      { data: packet(60), ctx },
      { data: packet(60), ctx: forbidden },
    ])
  })

  test('what an XDP program sees, with and without metadata', () => {
    const text = `${prologue}${field(32, 12, 0)}${field(32, 16, 8)}
      r1 = *(u32 *)(r6 + 0)
      r2 = *(u32 *)(r6 + 4)
      r3 = *(u32 *)(r6 + 8)
      r2 -= r1
      *(u64 *)(r7 + 16) = r2
      r1 -= r3
      *(u64 *)(r7 + 24) = r1
      r0 = 2
      exit`
    const ctx = (data: number, end: number) => new Uint8Array(Uint32Array.of(data, end, 0, 1, 0, 0).buffer)
    compare(asmObject({ p: xdp(text) }, [OUT]), [
      ...[13, 14, 15, 60, 1500, 3520, 3600].map((size) => ({ data: packet(size) })),
      { data: packet(68), ctx: ctx(8, 68) },
      { data: packet(68), ctx: ctx(0, 68) },
      { data: packet(68), ctx: ctx(6, 68) },
      { data: packet(68), ctx: ctx(8, 60) },
      { data: packet(68), ctx: ctx(8, 69) },
      { data: packet(68), ctx: ctx(8, 13) },
    ])
  })

  test.each([
    ['xdp_adjust_head', [-300, -217, -216, -215, -8, -1, 0, 1, 14, 46, 47, 100]],
    ['xdp_adjust_meta', [-300, -256, -255, -252, -32, -8, -6, -4, 0, 4]],
    ['xdp_adjust_tail', [-100, -47, -46, -10, 0, 1, 100, 3460, 3461, 5000]],
  ] as const)('%s', (helper, amounts) => {
    for (const amount of amounts) {
      const text = `${prologue}r1 = r6\nr2 = ${amount}\ncall bpf_${helper}\n*(u64 *)(r7 + 0) = r0\nr0 = 2\nexit`
      compare(asmObject({ p: xdp(text) }, [OUT]), [{ data: packet(60) }])
    }
  })

  test('skb_load_bytes, skb_store_bytes at every edge', () => {
    for (const [helper, tail] of [
      ['skb_load_bytes', ''],
      ['skb_store_bytes', 'r5 = 0\n'],
    ] as const) {
      for (const offset of [0, 10, 52, 53, 60, 100000, -1]) {
        const text = `${prologue}*(u64 *)(r10 - 8) = 0x1234
          r1 = r6\nr2 = ${offset}\nr3 = r10\nr3 += -8\nr4 = 8\n${tail}call bpf_${helper}
          *(u64 *)(r7 + 0) = r0\nr1 = *(u64 *)(r10 - 8)\n*(u64 *)(r7 + 8) = r1\nr0 = 0\nexit`
        compare(asmObject({ p: { text, type: 'sched_cls' } }, [OUT]), [{ data: packet(60) }])
      }
    }
  })

  test('checksums: csum_diff, l3_csum_replace, l4_csum_replace', () => {
    const diff = (from: number, to: number, start: number) => `${prologue}
      r1 = ${random(0x7fffffff)} ll\n*(u64 *)(r10 - 16) = r1\nr1 = ${random(0x7fffffff)} ll\n*(u64 *)(r10 - 8) = r1
      r1 = r10\nr1 += -16\nr2 = ${from}\nr3 = r10\nr3 += -8\nr4 = ${to}\nr5 = ${start}
      call bpf_csum_diff\n*(u64 *)(r7 + 0) = r0\nr0 = 0\nexit`
    for (const [from, to, start] of [
      [4, 4, 0],
      [8, 4, 0],
      [0, 8, 0xffff],
      [4, 8, 12345],
      [4, 4, -1],
    ] as const) {
      compare(asmObject({ p: { text: diff(from, to, start), type: 'sched_cls' } }, [OUT]), [{ data: packet(60) }])
    }
    for (const [layer, flags] of [
      ['l3', [0, 2, 4, 3, 0x10]],
      ['l4', [0, 2, 4, 0x12, 0x24, 0x34, 0x62]],
    ] as const) {
      for (const flag of flags) {
        for (const old of [0, 5]) {
          const text = `${prologue}r1 = r6\nr2 = 24\nr3 = ${old}\nr4 = ${random(70000)}\nr5 = ${flag}
            call bpf_${layer}_csum_replace\n*(u64 *)(r7 + 0) = r0\nr0 = 0\nexit`
          const zero = packet(60)
          zero.set([0, 0], 24)
          const inputs = [{ data: packet(60) }, { data: zero }]
          compare(asmObject({ p: { text, type: 'sched_cls' } }, [OUT]), inputs)
        }
      }
    }
  })

  test('skb_change_tail, skb_pull_data and redirect', () => {
    const tails = [13, 14, 34, 59, 60, 61, 2000].map((n) => `r2 = ${n}\nr3 = 0\ncall bpf_skb_change_tail`)
    const pulls = [0, 60, 61].map((n) => `r2 = ${n}\ncall bpf_skb_pull_data`)
    for (const body of [...tails, ...pulls]) {
      const text = `${prologue}r1 = r6\n${body}\n*(u64 *)(r7 + 0) = r0\n${field(32, 0, 8)}r0 = 0\nexit`
      compare(asmObject({ p: { text, type: 'sched_cls' } }, [OUT]), [{ data: packet(60) }])
    }
    for (const flags of [0, 1, 2]) {
      const text = `r1 = 1\nr2 = ${flags}\ncall bpf_redirect\nexit`
      compare(asmObject({ p: { text, type: 'sched_cls' } }), [{ data: packet(60) }])
      compare(asmObject({ p: xdp(text) }), [{ data: packet(60) }])
    }
  })

  test('tail calls end after the same number', () => {
    const text = `r6 = r1\nr7 = value out+0\nr1 = *(u64 *)(r7 + 0)\nr1 += 1\n*(u64 *)(r7 + 0) = r1
      r1 = r6\nr2 = map jump\nr3 = 0\ncall bpf_tail_call\nr0 = 2\nexit`
    const { vm, kernel } = both(asmObject({ p: xdp(text) }, [OUT, mapSpec('jump', 'prog_array', { valueSize: 4 })]))
    for (const backend of [vm, kernel]) {
      backend.maps.get('jump')!.setProgram!(0, backend.programs.get('p')!)
      backend.programs.get('p')!.run({ data: packet(60) })
    }
    expect(hex(vm.maps.get('out')!.lookup(new Uint8Array(4)))).toBe(
      hex(kernel.maps.get('out')!.lookup(new Uint8Array(4))),
    )
  })

  test('map helpers: results and errors inside a program', () => {
    const values = mapSpec('m', 'hash', { maxEntries: 2 })
    for (const helper of ['update', 'delete'] as const) {
      for (const flags of [0, 1, 2, 5]) {
        const text = `${prologue}
          r1 = *(u32 *)(r6 + 0)\nr2 = *(u32 *)(r6 + 4)\nr3 = r1\nr3 += 40\nif r3 > r2 goto out
          r1 = *(u8 *)(r1 + 20)\n*(u32 *)(r10 - 4) = r1\nr1 = 7\n*(u64 *)(r10 - 16) = r1
          r1 = map m\nr2 = r10\nr2 += -4\n${helper === 'update' ? `r3 = r10\nr3 += -16\nr4 = ${flags}\n` : ''}
          call bpf_map_${helper}_elem\n*(u64 *)(r7 + 0) = r0
        out:\nr0 = 2\nexit`
        const inputs = [1, 1, 2, 3, 2].map((n) => {
          const data = packet(60)
          data[20] = n
          return { data }
        })
        compare(asmObject({ p: xdp(text) }, [OUT, values]), inputs)
      }
    }
  })

  test('an old value stays visible through an old pointer after an update', () => {
    const text = `${prologue}
      *(u32 *)(r10 - 4) = 1\nr1 = 5\n*(u64 *)(r10 - 16) = r1
      r1 = map m\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 0\ncall bpf_map_update_elem
      r1 = map m\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem\nif r0 == 0 goto out\nr8 = r0
      r1 = 6\n*(u64 *)(r10 - 16) = r1
      r1 = map m\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -16\nr4 = 0\ncall bpf_map_update_elem
      r1 = *(u64 *)(r8 + 0)\n*(u64 *)(r7 + 0) = r1
    out:\nr0 = 2\nexit`
    for (const type of ['hash', 'array']) {
      compare(asmObject({ p: xdp(text) }, [OUT, mapSpec('m', type)]), [{ data: packet(60) }])
    }
  })
})
