import { describe, expect, it } from 'vitest'
import { disassemble, lowerBody, lowerText } from './support.ts'

const COUNT = `
map pkt_count array 4 8 1
func p xdp {
  slot s0 key 4 4
b0:
  v1 = slot s0
  v2 = const 0
  store.32 v1+0, v2
  v3 = mapRef pkt_count
  v4:ptr = call map_lookup_elem v3, v1
  br.ne.64 v4, v2 -> b1, b2
b1:
  v6 = const 1
  atomic.add.64 v4+0, v6
  jump b2
b2:
  v7 = const 2
  ret v7
}`

describe('shapes of whole programs', () => {
  it('count-xdp: immediate store, map straight into r1, pointer stays in r0: 11 slots', () => {
    const code = lowerText(COUNT)
    expect(disassemble(code)).toEqual([
      '*(u32 *)(r10 - 4) = 0',
      'r1 = map[fd:0]',
      'r2 = r10',
      'r2 += -4',
      'call bpf_map_lookup_elem',
      'if r0 == 0 goto +2',
      'r1 = 1',
      'lock *(u64 *)(r0 + 0) += r1',
      'r0 = 2',
      'exit',
    ])
    expect(code.relocations).toEqual([{ kind: 'map', slot: 1, map: 'pkt_count' }])
    expect(code.stackSize).toBe(8)
  })

  it('packet checks: accesses relative to the checked pointer, a verdict set before the branch', () => {
    const asm = lowerBody(`
b0:
  v0 = param 0
  v1:ptr = load.32 v0+0 packet
  v2:ptr = load.32 v0+4 packetEnd
  v3 = const 54
  v4:ptr = add.64 v1, v3
  br.ugt.64 v4, v2 -> b9, b1
b1:
  v5 = load.16 v1+12
  v6 = const 8
  br.ne.64 v5, v6 -> b9, b2
b2:
  v13 = const 1
  ret v13
b9:
  v14 = const 2
  ret v14`)
    expect(asm).toEqual([
      'r2 = *(u32 *)(r1 + 0)',
      'r1 = *(u32 *)(r1 + 4)',
      'r2 += 54',
      'if r2 > r1 goto +3',
      'r1 = *(u16 *)(r2 - 42)',
      'r0 = 1',
      'if r1 == 8 goto +1',
      'r0 = 2',
      'exit',
    ])
  })

  it('a direct element: the address of the value, no call', () => {
    const code = lowerText(`
map m array 4 8 1
func p xdp {
b0:
  v0 = mapValue m+0
  v1 = const 1
  atomic.add.64 v0+0, v1
  v2 = const 2
  ret v2
}`)
    expect(disassemble(code)).toEqual([
      'r1 = 1',
      'r2 = map[fd:0][0]+0',
      'lock *(u64 *)(r2 + 0) += r1',
      'r0 = 2',
      'exit',
    ])
    expect(code.relocations).toEqual([{ kind: 'mapValue', slot: 1, map: 'm', offset: 0 }])
    expect(code.insns[1]).toMatchObject({ src: 2, immHigh: 0 })
  })
})

describe('constants', () => {
  const ret = (value: string) => lowerBody(`b0:\n  v0 = const ${value}\n  ret v0`)[0]
  it.each([
    ['0', 'r0 = 0'],
    ['-1', 'r0 = -1'],
    ['2147483647', 'r0 = 2147483647'],
    ['2147483648', 'w0 = -2147483648'],
    ['4294967295', 'w0 = -1'],
    ['4294967296', 'r0 = 4294967296 ll'],
    ['-2147483649', 'r0 = -2147483649 ll'],
  ])('%s', (value, asm) => {
    expect(ret(value)).toBe(asm)
  })
})

const load = `
b0:
  v0 = param 0
  v1 = load.32 v0+12
  v2 = load.32 v0+16`

describe('levels', () => {
  it('v1 has no jump for less: the opposite goes the other way', () => {
    const body = `${load}\n  br.ult.64 v1, v2 -> b1, b2\nb1:\n  ret v1\nb2:\n  ret v2`
    const less = / (<|<=|s<|s<=) /
    expect(lowerBody(body, { cpu: 'v1' }).filter((line) => less.test(line))).toEqual([])
  })
  it('32-bit comparisons need v3; before it operands are extended', () => {
    const body = `${load}\n  v3 = add.64 v1, v2\n  br.slt.32 v3, v2 -> b1, b2\nb1:\n  ret v1\nb2:\n  ret v2`
    expect(lowerBody(body, { cpu: 'v3' }).join('\n')).toMatch(/if w\d s/)
    expect(lowerBody(body, { cpu: 'v2' }).join('\n')).toMatch(/<<= 32\n.*s>>= 32/)
  })
  it('sign extension is one instruction from v4', () => {
    const body = `${load}\n  v3 = sext.8 v1\n  ret v3`
    expect(lowerBody(body, { cpu: 'v4' })).toContain('r0 = (s8)r2')
    expect(lowerBody(body, { cpu: 'v3' })).toEqual(expect.arrayContaining(['r0 <<= 56', 'r0 s>>= 56']))
  })
  it('signed division is one instruction from v4', () => {
    const body = `${load}\n  v3 = sdiv.64 v1, v2\n  ret v3`
    expect(lowerBody(body, { cpu: 'v4' }).join('\n')).toMatch(/s\/=/)
    expect(lowerBody(body, { cpu: 'v3' }).join('\n')).not.toMatch(/s\/=/)
  })
  it('fetching atomics before v3 are refused with a reason', () => {
    const body = `
map m array 4 8 1
func p xdp {
b0:
  v0 = mapValue m+0
  v1 = const 1
  v2 = atomic.add.64.fetch v0+0, v1
  ret v2
}`
    expect(() => lowerText(body, { cpu: 'v2' })).toThrow(/needs cpu v3/)
    expect(() => lowerText(body, { cpu: 'v3' })).not.toThrow()
  })
})

describe('single rules', () => {
  it('a division by the constant 0 takes a register', () => {
    const asm = lowerBody(`${load}\n  v3 = const 0\n  v4 = udiv.64 v1, v3\n  ret v4`)
    expect(asm.join('\n')).toMatch(/r(\d) = 0\n.*\/= r\1/s)
  })
  it('shift counts are masked', () => {
    expect(lowerBody(`${load}\n  v3 = const 65\n  v4 = shl.64 v1, v3\n  ret v4`)).toContain('r0 <<= 1')
  })
  it('a zero-extension of what is zero-extended is free', () => {
    expect(lowerBody('b0:\n  v0 = param 0\n  v1 = load.32 v0+12\n  v3 = zext.32 v1\n  ret v3')).toEqual([
      'r0 = *(u32 *)(r1 + 12)',
      'exit',
    ])
  })
  it('constant stores to the context use a register', () => {
    const asm = lowerBody('b0:\n  v0 = param 0\n  v1 = const 7\n  store.32 v0+12, v1\n  ret v1')
    expect(asm).toEqual(['r2 = 7', '*(u32 *)(r1 + 12) = r2', 'r0 = 7', 'exit'])
  })
  it('far offsets are added first', () => {
    const asm = lowerBody(
      'b0:\n  v0 = param 0\n  v1:ptr = load.32 v0+0 packet\n  v2 = const 40000\n  v3:ptr = add.64 v1, v2\n  v4 = load.8 v3+0\n  ret v4',
    )
    expect(asm).toEqual(['r1 = *(u32 *)(r1 + 0)', 'r1 += 40000', 'r0 = *(u8 *)(r1 + 0)', 'exit'])
  })
})

describe('asm', () => {
  it('raw instructions that follow each other stay together; r0 is the value', () => {
    const asm = lowerBody('b0:\n  v0 = asm 183 1 0 0 5\n  v1 = asm 133 0 0 0 7\n  ret v1')
    expect(asm).toEqual(['r1 = 5', 'call bpf_get_prandom_u32', 'exit'])
  })
  it('values alive across them leave r0..r5', () => {
    const asm = lowerBody(`${load}\n  v3 = asm 133 0 0 0 7\n  v4 = add.64 v1, v2\n  ret v4`)
    expect(asm.slice(0, 3).join('\n')).toMatch(/r[6-9] = .*\n?r[6-9] = /)
  })
  it('a 64-bit immediate is two forms', () => {
    const asm = lowerBody('b0:\n  v0 = asm 24 0 0 0 1\n  v1 = asm 0 0 0 0 2\n  ret v1')
    expect(asm).toEqual(['r0 = 8589934593 ll', 'exit'])
    expect(() => lowerBody('b0:\n  v0 = asm 24 0 0 0 1\n  ret v0')).toThrow(/two asm forms/)
  })
  it('jumps are refused', () => {
    expect(() => lowerBody('b0:\n  v0 = asm 5 0 0 1 0\n  ret v0')).toThrow(/cannot jump/)
  })
})

describe('line information', () => {
  it('begins at slot 0 and follows the lines', () => {
    const { lines, insns } = lowerText(COUNT)
    expect(lines[0]!.slot).toBe(0)
    const slots = lines.map((line) => line.slot)
    expect(slots).toEqual([...new Set(slots)].sort((a, b) => a - b))
    expect(lines.at(-1)!.slot).toBeLessThan(insns.length + 1)
    expect(lines.find((line) => line.slot === 1)?.text).toContain('map_lookup_elem')
  })
})

describe('masks of 32 bits', () => {
  it('are immediates of 32-bit operations', () => {
    const asm = lowerBody(
      'b0:\n  v0 = param 0\n  v1 = load.32 v0+12\n  v2 = const 4294967295\n  v3 = xor.64 v1, v2\n  v4 = const 4278190080\n  v5 = and.64 v3, v4\n  ret v5',
    )
    expect(asm).toEqual(['r0 = *(u32 *)(r1 + 12)', 'w0 ^= -1', 'w0 &= -16777216', 'exit'])
  })
  it('not when the other operand has high bits', () => {
    const asm = lowerBody(
      'b0:\n  v0 = param 0\n  v1 = load.32 v0+12\n  v2 = const 4294967295\n  v6 = mul.64 v1, v1\n  v3 = xor.64 v6, v2\n  ret v3',
    )
    expect(asm).toContain('r0 ^= r1')
  })
})

describe('shared constants', () => {
  // The constant is kept in a register for the two multiplications; the other branch must not count on it.
  const body = (other: string) => `
b0:
  v0 = param 0
  v1 = load.32 v0+12
  v2 = load.32 v0+16
  v3 = const 81985529216486895
  v9 = const 3
  br.ugt.64 v1, v2 -> b1, b2
b1:
  v4 = mul.64 v1, v3
  v5 = mul.64 v2, v3
  v6 = add.64 v4, v5
  ret v6
b2:
  ${other}
  ret v7`
  it.each(['sdiv.64 v1, v3', 'sdiv.64 v3, v1', 'sub.64 v3, v1', 'add.64 v3, v9', 'add.64 v9, v3', 'bswap.32 v3'])(
    'do not reach a branch without their definition: %s',
    (other) => {
      for (const cpu of ['v1', 'v3', 'v4'] as const) {
        expect(() => lowerBody(body(`v7 = ${other}`), { cpu })).not.toThrow()
      }
    },
  )
  it('a comparison of two constants', () => {
    expect(() => lowerBody(body('v7 = cmp.ult.64 v9, v3'))).not.toThrow()
  })
})
